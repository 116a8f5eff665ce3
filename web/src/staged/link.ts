// The socket of a staged party: it comes back by itself, and says what is no object to nobody.

/** How long to wait before another try: soon at first, then every ten seconds. */
const AGAIN_MS = [500, 1000, 2000, 5000, 10_000];

/** A message of the server; its fields are looked at where they are used. */
export type Message = Record<string, unknown>;

/** An address below the page's own base, with what the page was asked for (key, room). */
export function address(path: string, more: Record<string, string> = {}): URL {
  const url = new URL(path, document.baseURI);
  const asked = new URLSearchParams(location.search);
  for (const name of ['key', 'admin', 'room']) {
    const value = asked.get(name);
    if (value) url.searchParams.set(name, value);
  }
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  return url;
}

export class Link {
  #socket: WebSocket | undefined;
  #tries = 0;

  constructor(
    private readonly where: () => URL,
    private readonly heard: (message: Message) => void,
    private readonly closed: (reason: string) => void,
  ) {
    this.open();
  }

  /** Connects, leaving a connection that there is. */
  open(): void {
    if (this.#socket) this.#socket.onclose = null;
    this.#socket?.close();
    const url = this.where();
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => (this.#tries = 0);
    socket.onmessage = ({ data }) => {
      const message: unknown = typeof data === 'string' ? JSON.parse(data) : null;
      if (message && typeof message === 'object') this.heard(message as Message);
    };
    socket.onclose = ({ code, reason }) => {
      this.closed(reason);
      // Refused: asking again would not help.
      if (code === 1008) return;
      setTimeout(() => this.open(), AGAIN_MS[Math.min(this.#tries++, AGAIN_MS.length - 1)]);
    };
  }

  send(message: Message): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** An element that the page was written with. */
export function part<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}
