// A line between a browser and the server that a test can cut and mend: what a lost network is to
// the page. Its port stays the same.
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

export class Relay {
  #server: Server;
  #sockets = new Set<Socket>();
  #whole = true;

  private constructor(private readonly to: number) {
    this.#server = createServer((from) => {
      if (!this.#whole) {
        from.destroy();
        return;
      }
      const onward = connect(this.to, '127.0.0.1');
      for (const socket of [from, onward]) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          from.destroy();
          onward.destroy();
        });
      }
      from.pipe(onward).pipe(from);
    });
  }

  static async open(to: number): Promise<Relay> {
    const relay = new Relay(to);
    await new Promise<void>((done) => relay.#server.listen(0, '127.0.0.1', done));
    return relay;
  }

  /** The same address, through this line. */
  through(url: string): string {
    const there = new URL(url);
    there.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return there.href;
  }

  /** Breaks every connection and lets none through. */
  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#whole = true;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
