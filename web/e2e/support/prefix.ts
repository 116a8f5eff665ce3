// A reverse proxy that serves the server under a path of another site, as those in deploy/proxy do:
// the prefix is taken off, and told in X-Forwarded-Prefix.
import {
  createServer,
  type IncomingMessage,
  request,
  type RequestOptions,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export class PrefixProxy {
  #server: Server;

  private constructor(
    readonly prefix: string,
    private readonly to: number,
  ) {
    this.#server = createServer((ask, answer) => {
      const onward = request(this.#onward(ask), (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      ask.pipe(onward);
    });
    this.#server.on('upgrade', (ask, socket) => {
      const onward = request(this.#onward(ask));
      onward.on('upgrade', (got, there) => {
        const headers = Object.entries(got.headers).map(
          ([name, value]) => `${name}: ${String(value)}`,
        );
        socket.write(['HTTP/1.1 101 Switching Protocols', ...headers, '', ''].join('\r\n'));
        there.pipe(socket).pipe(there);
        for (const end of [there, socket]) end.on('error', () => end.destroy());
      });
      onward.on('error', () => socket.destroy());
      onward.end();
    });
  }

  #onward(ask: IncomingMessage): RequestOptions {
    const path = ask.url ?? '/';
    const ours = path.startsWith(`${this.prefix}/`);
    const forwarded = {
      'x-forwarded-prefix': this.prefix,
      'x-forwarded-host': ask.headers.host,
      'x-forwarded-proto': 'http',
    };
    return {
      host: '127.0.0.1',
      port: this.to,
      method: ask.method,
      // What does not belong to the prefix belongs to somebody else's site.
      path: ours ? path.slice(this.prefix.length) : '/not-ours-at-all',
      headers: { ...ask.headers, ...forwarded },
    };
  }

  static async open(prefix: string, to: number): Promise<PrefixProxy> {
    const proxy = new PrefixProxy(prefix, to);
    await new Promise<void>((done) => proxy.#server.listen(0, '127.0.0.1', done));
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
