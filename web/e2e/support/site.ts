// Another site than the server's: files of a folder, shared with other pages, and what is in `more`.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Record<string, string> = {
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mpd': 'application/dash+xml',
  '.mp4': 'video/mp4',
  '.html': 'text/html',
};

export class Site {
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(folder: string, more: Record<string, string> = {}): Promise<Site> {
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? '/', 'http://x').pathname.slice(1);
      const answer = (body: Buffer | string): void => {
        const whole = Buffer.from(body);
        const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
        const first = Number(from ?? 0);
        const last = to ? Math.min(Number(to), whole.length - 1) : whole.length - 1;
        response.writeHead(from === undefined ? 200 : 206, {
          'access-control-allow-origin': '*',
          'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
          'content-length': last - first + 1,
          'accept-ranges': 'bytes',
          ...(from === undefined
            ? {}
            : { 'content-range': `bytes ${first}-${last}/${whole.length}` }),
        });
        response.end(whole.subarray(first, last + 1));
      };
      const own = more[name];
      if (own !== undefined) answer(own);
      else
        void readFile(join(folder, name.replaceAll('..', ''))).then(answer, () => {
          response.writeHead(404).end();
        });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Site(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
