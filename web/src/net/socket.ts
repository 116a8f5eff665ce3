// The connection to one room: hello, resume, reconnect, commands with answers.
//
// It knows the protocol's envelope but nothing of what the events mean; whoever
// listens gets messages in the order they came. It never gives up by itself: only
// a `bye` without `again`, or `close()`, ends it. The clock exchange is the sync
// engine's; this class only carries its messages.
import type { Bye, ClientMessage, Command, Pending, ServerMessage, Welcome } from './protocol';
import { parseMessage } from './protocol';

/** First wait before reconnecting, then doubled: docs/protocol.md section 2, `bye`. */
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5000;
/** A restart takes seconds, an update a minute or two: for so long nobody waits long, so that all are back soon after. */
const EAGER_DELAY_MS = 2000;
const EAGER_ATTEMPTS = 60;
/** An attempt that has no welcome after this is tried anew: a half-open path looks like this. */
const ATTEMPT_MS = 8000;
/** The engine asks for the time every few seconds; silence this long means the path is gone. */
export const SILENCE_MS = 15_000;

export type ConnectionState = 'connecting' | 'open' | 'pending' | 'reconnecting' | 'closed';

/** Why a command was not carried out: the server's refusal, or `offline` when it could not be sent. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** When the same may work, ms from now; null where waiting does not help. */
    readonly retryMs: number | null = null,
  ) {
    super(message);
    this.name = 'Refused';
  }
}

export interface Hello {
  name: string;
  person?: string | undefined;
  resume?: string | undefined;
  hostKey?: string | undefined;
  password?: string | undefined;
  invite?: string | undefined;
}

export interface SocketHandlers {
  /** Asked before every attempt, so that tokens of the last welcome are used. */
  hello: () => Hello;
  state: (state: ConnectionState) => void;
  welcome: (message: Welcome) => void;
  pending: (message: Pending) => void;
  message: (message: ServerMessage) => void;
  bye: (message: Bye) => void;
}

/** The part of WebSocket that is used, so that tests can script one. */
export interface WireSocket {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onerror: ((event: Event) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

interface Waiting {
  resolve: (rev: number) => void;
  reject: (reason: Refused) => void;
}

const OPEN = 1;
/** Close codes: 1000 leaves the room, any other keeps the seat for the hold. */
const LEAVE = 1000;
const GIVE_UP = 4000;

function isHidden(): boolean {
  return typeof document !== 'undefined' && document.hidden;
}

export class RoomSocket {
  #url: string;
  #handlers: SocketHandlers;
  #make: (url: string) => WireSocket;
  #socket: WireSocket | null = null;
  #state: ConnectionState = 'connecting';
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #nextId = 1;
  #waiting = new Map<number, Waiting>();
  #seated = false;
  /** The server asked to stay away until then, ms of `performance.now()`. */
  #notBefore = 0;

  constructor(
    url: string,
    handlers: SocketHandlers,
    make: (url: string) => WireSocket = (address) => new WebSocket(address),
  ) {
    this.#url = url;
    this.#handlers = handlers;
    this.#make = make;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects; also used to start over after a `bye` that closed it. */
  open(): void {
    this.#attempt = 0;
    this.#connect();
  }

  /** Leaves for good: nothing is retried and waiting commands fail. */
  close(): void {
    this.#clearTimers();
    this.#drop(LEAVE);
    this.#set('closed');
  }

  /** Loses the connection on purpose and comes back by the usual back-off. */
  interrupt(): void {
    if (this.#socket) this.#lost(this.#socket);
  }

  /** The network or the tab is back: no reason to wait for the back-off. */
  retryNow(): void {
    if (this.#state === 'reconnecting' && this.#timer !== undefined) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  /** Sends a message without an answer (clock, report, typing); false when not connected. */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    if (this.#state !== 'open' && this.#state !== 'pending') return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Resolves with the revision at which the command was applied, or rejects with `Refused`. */
  command(command: Command): Promise<number> {
    const id = this.#nextId++;
    return new Promise<number>((resolve, reject) => {
      if (this.#state !== 'open' || !this.send({ t: 'cmd', id, ...command })) {
        reject(new Refused('offline', 'Not connected right now. Try again in a moment.'));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #connect(): void {
    this.#clearTimers();
    this.#drop();
    this.#set(this.#seated ? 'reconnecting' : 'connecting');
    let socket: WireSocket;
    try {
      socket = this.#make(this.#url);
    } catch {
      this.#retryLater();
      return;
    }
    this.#socket = socket;
    this.#watch = setTimeout(() => this.#lost(socket), ATTEMPT_MS);
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      const hello = this.#handlers.hello();
      const message: ClientMessage = {
        t: 'hello',
        v: 2,
        name: hello.name,
        client: 'web',
        reports: true,
        ...(hello.person ? { person: hello.person } : {}),
        ...(hello.resume ? { resume: hello.resume } : {}),
        ...(hello.hostKey ? { host_key: hello.hostKey } : {}),
        ...(hello.password ? { password: hello.password } : {}),
        ...(hello.invite ? { invite: hello.invite } : {}),
      };
      socket.send(JSON.stringify(message));
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket && typeof event.data === 'string') this.#read(socket, event.data);
    };
    socket.onclose = () => this.#lost(socket);
    socket.onerror = () => this.#lost(socket);
  }

  #read(socket: WireSocket, text: string): void {
    const message = parseMessage(text);
    if (!message) return;
    if (this.#state === 'open') this.#watchSilence(socket);
    switch (message.t) {
      case 'welcome':
        this.#attempt = 0;
        this.#seated = true;
        this.#watchSilence(socket);
        // The state changes first, so that whoever hears the welcome may send at once.
        this.#set('open');
        this.#handlers.welcome(message);
        return;
      case 'pending':
        this.#attempt = 0;
        clearTimeout(this.#watch);
        this.#set('pending');
        this.#handlers.pending(message);
        return;
      case 'ack':
        this.#take(message.id)?.resolve(message.rev);
        return;
      case 'refused':
        if (message.id !== null)
          this.#take(message.id)?.reject(
            new Refused(message.code, message.message, message.retry_ms ?? null),
          );
        return;
      case 'bye':
        if (message.again) this.#notBefore = performance.now() + (message.retry_ms ?? 0);
        else {
          this.#clearTimers();
          this.#drop();
          this.#set('closed');
        }
        this.#handlers.bye(message);
        return;
      default:
        this.#handlers.message(message);
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #watchSilence(socket: WireSocket): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      // A hidden tab's timers run once a minute, the engine's clock exchange with them.
      if (isHidden()) this.#watchSilence(socket);
      else this.#lost(socket);
    }, SILENCE_MS);
  }

  #lost(socket: WireSocket): void {
    if (socket !== this.#socket || this.#state === 'closed') return;
    this.#clearTimers();
    this.#drop();
    this.#retryLater();
  }

  #retryLater(): void {
    const longest = this.#attempt < EAGER_ATTEMPTS ? EAGER_DELAY_MS : LONGEST_DELAY_MS;
    const ceiling = Math.min(longest, FIRST_DELAY_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    // Jitter of +-25 %, so that a room full of people doesn't come back in one instant.
    const asked = Math.max(0, this.#notBefore - performance.now());
    const delay = asked + ceiling * (0.75 + Math.random() * 0.5);
    this.#set(this.#seated ? 'reconnecting' : 'connecting');
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#connect();
    }, delay);
  }

  #drop(code = GIVE_UP): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close(code);
    }
    const lost = new Refused('offline', 'The connection was lost before the server answered.');
    for (const waiting of this.#waiting.values()) waiting.reject(lost);
    this.#waiting.clear();
  }

  #clearTimers(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#timer = undefined;
  }

  #set(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#handlers.state(state);
  }
}
