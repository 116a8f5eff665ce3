// The real binary with a data folder of its own. Killed and started again on the same port by
// tests of faults.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import type { PolicyPatch } from '../../src/net/protocol';

/** How long the server may take to listen; far above its target, for busy machines. */
const START_MS = 20_000;

/** Opens everything on the server under test. */
export const ADMIN_KEY = 'the-key-of-the-tests';

export interface RoomOpened {
  code: string;
  url: string;
  host_url: string;
  host_key: string;
}

export class Server {
  port = 0;
  #child: ChildProcess | undefined;
  #said = '';

  private constructor(
    private readonly media: string,
    private readonly data: string,
  ) {}

  static async start(media: string): Promise<Server> {
    const server = new Server(media, await mkdtemp(join(tmpdir(), 'watchalong-e2e-')));
    await server.listen();
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the binary, on the port of the last start if there was one. */
  async listen(): Promise<void> {
    const binary = process.env['WATCHALONG_BIN'] ?? resolve('../target/debug/watchalong');
    const address = `127.0.0.1:${this.port}`;
    const args = [
      ...['serve', this.media, '--listen', address, '--data', this.data],
      ...['--admin-key', ADMIN_KEY],
      // All tests of a worker come from one address.
      ...['--limit-chat', 'off'],
      // Other sites of the tests are on this machine.
      ...['--fetch-allow', '127.0.0.1'],
    ];
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    this.port = await new Promise<number>((found, failed) => {
      const late = setTimeout(() => failed(this.#problem('did not listen in time')), START_MS);
      child.once('error', failed);
      child.once('exit', (code) => failed(this.#problem(`ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const port = /^listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (!port) return;
        clearTimeout(late);
        child.removeAllListeners('exit');
        found(Number(port));
      });
    });
  }

  #problem(what: string): Error {
    return new Error(`the server ${what}; it said:\n${this.#said}`);
  }

  /** `kill -9`: no chance to write anything down. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }

  async call(path: string, body?: unknown, bearer?: string): Promise<unknown> {
    const answer = await fetch(`${this.origin}/api/v2/${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Address of an invitation to make an account. */
  async invitation(): Promise<string> {
    const { url } = (await this.call('admin/invites', {}, ADMIN_KEY)) as { url: string };
    return url;
  }

  /** Id of a medium by its title, once it can be played: a fresh file must rest for a moment. */
  async medium(title: string): Promise<string> {
    for (let tries = 0; tries < 400; tries++) {
      const { items } = (await this.call('library')) as {
        items: { id: string; title: string; playable: string | null }[];
      };
      const found = items.find((item) => item.title === title && item.playable !== null);
      if (found) return found.id;
      await new Promise((later) => setTimeout(later, 50));
    }
    throw new Error(`the library never could play “${title}”`);
  }

  /** A room that plays a medium of the library, or nothing. */
  async room(
    options: { title?: string | null; name?: string; policy?: PolicyPatch; password?: string } = {},
  ): Promise<RoomOpened> {
    const { title = 'Big Film', name = 'Movie night', policy, password } = options;
    return (await this.call('rooms', {
      name,
      ...(title === null ? {} : { media: await this.medium(title) }),
      ...(policy ? { policy } : {}),
      ...(password ? { password } : {}),
    })) as RoomOpened;
  }
}
