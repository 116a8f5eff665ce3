// A provider's player in a frame, as the sync engine's `Player`.
//
// Such a player is another site's page: it takes orders as messages, and tells now and then where it is. Between two
// tellings the position is reckoned. It shows advertisements and questions of its own when it likes; while its clock
// stands although it should run, it counts as loading, so that the engine waits instead of chasing it, and `hands` is
// told, so that people can reach what it shows. Each provider's words are in its own file; no script of theirs runs
// here.
import type { Player, PlayerEvent, PlayerReading } from '../sync';

/** What a provider's player may do for us. */
export interface Orders {
  play(): void;
  pause(): void;
  seek(position: number): void;
  /** Missing where it has one speed only. */
  rate?(rate: number): void;
  mute(on: boolean): void;
  volume(level: number): void;
}

export type FrameState = 'idle' | 'playing' | 'paused' | 'buffering' | 'ended';

/** What it told; anything may be missing. */
export interface Told {
  ready?: boolean;
  state?: FrameState;
  position?: number;
  duration?: number;
  /** Loaded up to this position. */
  loadedTo?: number;
  muted?: boolean;
  volume?: number;
  /** Sentence for people: it will not play this. */
  error?: string;
  /** The browser does not let it begin by itself. */
  blocked?: boolean;
}

export interface FrameOptions {
  /** What browsers know of the page, where a provider asks for it. */
  page: Location | URL;
  /** Where to begin, seconds. */
  position: number;
  muted: boolean;
  volume: number;
  now?: () => number;
}

export interface Dialect {
  /** The player's address, completed with what it must know of the page. */
  address(player: URL, options: FrameOptions): URL;
  /** Said when its page has come, and again until it answers. */
  greet?(send: (message: unknown) => void): void;
  orders(send: (message: unknown) => void, at: { address: URL; begun: () => boolean }): Orders;
  /** What a message of its means; null for nothing. */
  read(data: unknown): Told | null;
  /** Positions are told at least so often, ms. */
  beatMs: number;
}

/** A player that does not say so within this time has not come, ms. */
const GREET_MS = 500;
/** After an order to seek, what is told for so long may still be from before, ms; and how near it must be, s. */
const SEEK_STALE_MS = 4_000;
const SEEK_NEAR_S = 1.5;
/** A pause that is told so soon after an order to play is one from before it, ms. */
const PAUSE_STALE_MS = 1_500;
/** Started, and nothing moves for so long: it shows something else, ms. */
const HANDS_MS = 2_500;
/** Nobody clicked yet, and it does not begin: the browser holds it back, ms. */
const BLOCKED_MS = 4_000;
/** Rates differ by less than this only through rounding. */
const SAME_RATE = 0.02;

class NotAllowed extends Error {
  override name = 'NotAllowedError';
}

export class FramePlayer implements Player {
  readonly hasFrames = false;
  /** Told when people should reach into the frame, and when no more. */
  onhands: (hands: boolean) => void = () => undefined;

  readonly #frame: HTMLIFrameElement;
  readonly #dialect: Dialect;
  readonly #origin: string;
  readonly #orders: Orders;
  readonly #now: () => number;
  readonly #listeners = new Set<(event: PlayerEvent) => void>();
  readonly #timer: ReturnType<typeof setInterval>;
  #told: Required<Told>;
  #toldAt = 0;
  #movedAt = 0;
  #greetedAt = -Infinity;
  #rate = 1;
  #wanted = false;
  #askedAt = -Infinity;
  #goal: { position: number; at: number } | null = null;
  #start: ((why?: Error) => void) | null = null;
  #hands = false;
  #sought = false;

  constructor(frame: HTMLIFrameElement, player: string, dialect: Dialect, options: FrameOptions) {
    this.#frame = frame;
    this.#dialect = dialect;
    this.#now = options.now ?? (() => performance.now());
    const address = dialect.address(new URL(player), options);
    this.#origin = address.origin;
    this.#told = {
      ready: false,
      state: 'idle',
      position: options.position,
      duration: NaN,
      loadedTo: 0,
      muted: options.muted,
      volume: options.volume,
      error: '',
      blocked: false,
    };
    this.#orders = dialect.orders((message) => this.#send(message), {
      address,
      begun: () => this.#told.state !== 'idle',
    });
    window.addEventListener('message', this.#heard);
    this.#timer = setInterval(() => this.#look(), GREET_MS);
    frame.src = address.href;
  }

  destroy(): void {
    window.removeEventListener('message', this.#heard);
    clearInterval(this.#timer);
    this.#listeners.clear();
    this.#start?.();
    this.#start = null;
  }

  read(): PlayerReading {
    const told = this.#told;
    const position = this.#position();
    const running = told.state === 'playing';
    const stands = running && this.#now() - this.#movedAt > this.#patience();
    const dry = told.state === 'buffering' || (this.#wanted && (stands || told.state === 'idle'));
    return {
      position,
      paused: !this.#wanted || this.#stopped(),
      ended: told.state === 'ended',
      seeking: this.#goal !== null,
      readyState: !told.ready ? 0 : dry ? 2 : 4,
      duration: told.duration,
      bufferedAhead: Math.max(0, told.loadedTo - position),
      rate: this.#rate,
      muted: told.muted,
      error: told.error || null,
    };
  }

  play(): Promise<void> {
    this.#wanted = true;
    this.#askedAt = this.#now();
    this.#movedAt = this.#askedAt;
    this.#told.blocked = false;
    this.#orders.play();
    return new Promise((done, refuse) => {
      this.#start?.();
      this.#start = (why) => (why ? refuse(why) : done());
    });
  }

  pause(): void {
    // Some begin by being paused.
    if (this.#wanted || this.#told.state !== 'idle') this.#orders.pause();
    this.#wanted = false;
    this.#started();
    this.#lend(false);
  }

  seek(position: number): void {
    this.#sought = true;
    this.#orders.seek(position);
    if (this.#told.state !== 'idle') {
      this.#goal = { position, at: this.#now() };
      return;
    }
    // Not begun: it will begin there, and tells nothing of it until then.
    this.#told.position = position;
    queueMicrotask(() => this.#tell('seeked'));
  }

  setRate(rate: number): void {
    // Nudges are too fine for these players: what is near the rate that is set already, is it.
    if (Math.abs(rate - this.#rate) < SAME_RATE || !this.#orders.rate) return;
    this.#rate = Math.round(rate * 100) / 100;
    this.#orders.rate(this.#rate);
  }

  setMuted(muted: boolean): void {
    this.#told.muted = muted;
    this.#orders.mute(muted);
  }

  setVolume(level: number): void {
    this.#told.volume = level;
    this.#orders.volume(level);
  }

  /** What is loaded of it is its own business; a seek costs the same anywhere. */
  isBuffered(): boolean {
    return true;
  }

  onFrame(): () => void {
    return () => undefined;
  }

  onEvent(listener: (event: PlayerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ---- inside -----------------------------------------------------------------------

  #send(message: unknown): void {
    this.#frame.contentWindow?.postMessage(message, this.#origin);
  }

  readonly #heard = (event: MessageEvent): void => {
    if (event.source !== this.#frame.contentWindow || event.origin !== this.#origin) return;
    const told = this.#dialect.read(event.data);
    if (told) this.#take(told);
  };

  #take(told: Told): void {
    const before = this.#told;
    const now = this.#now();
    const begun = (told.state ?? before.state) !== 'idle';
    if (told.position !== undefined && begun && this.#passed(told.position, now)) {
      if (Math.abs(told.position - before.position) > 0.01) this.#movedAt = now;
      this.#toldAt = now;
    } else {
      delete told.position;
      // The reckoning goes on from where it is.
      if (told.state !== undefined && told.state !== before.state && this.#goal === null) {
        told.position = this.#position();
        this.#toldAt = now;
      }
    }
    this.#told = { ...before, ...told };
    if (told.state === 'playing' && before.state !== 'playing') this.#movedAt = now;
    if (told.ready && !before.ready) this.#arrived();
    if (told.blocked && !before.blocked) this.#started(new NotAllowed());
    const { state, duration } = this.#told;
    if (state === 'playing' || state === 'buffering') this.#started();
    if (Number.isFinite(duration) && duration !== before.duration) this.#tell('metadata');
    if (state !== before.state) {
      if (state === 'playing') this.#tell('playing');
      if (state === 'buffering') this.#tell('waiting');
      if (state === 'paused') this.#tell('paused');
      if (state === 'ended') this.#tell('ended');
    }
    if (told.error) this.#tell('error');
    else this.#tell('timeupdate');
    this.#look();
  }

  /** Whether a told position is one of after the last seek. */
  #passed(position: number, now: number): boolean {
    const goal = this.#goal;
    if (!goal) return true;
    const near = Math.abs(position - goal.position) < SEEK_NEAR_S;
    if (!near && now - goal.at < SEEK_STALE_MS) return false;
    this.#goal = null;
    this.#movedAt = now;
    queueMicrotask(() => this.#tell('seeked'));
    return true;
  }

  #arrived(): void {
    this.#orders.volume(this.#told.volume);
    this.#orders.mute(this.#told.muted);
    // What was said before it could hear.
    if (this.#sought) this.#orders.seek(this.#goal?.position ?? this.#told.position);
    if (this.#wanted) this.#orders.play();
    this.#tell('metadata');
    this.#tell('canplay');
  }

  #position(): number {
    if (this.#goal) return this.#goal.position;
    const { position, state, duration } = this.#told;
    if (state !== 'playing') return position;
    const since = Math.min(this.#now() - this.#toldAt, 2 * this.#dialect.beatMs);
    const reckoned = position + (Math.max(0, since) / 1000) * this.#rate;
    return Number.isFinite(duration) && duration > 0 ? Math.min(duration, reckoned) : reckoned;
  }

  #patience(): number {
    return 3 * this.#dialect.beatMs;
  }

  /** Somebody stopped it in the frame itself. */
  #stopped(): boolean {
    const { state } = this.#told;
    return state === 'paused' && this.#now() - this.#askedAt > PAUSE_STALE_MS;
  }

  #started(why?: Error): void {
    const start = this.#start;
    this.#start = null;
    start?.(why);
  }

  #look(): void {
    const now = this.#now();
    if (!this.#told.ready && now - this.#greetedAt >= GREET_MS) {
      this.#greetedAt = now;
      this.#dialect.greet?.((message) => this.#send(message));
    }
    if (this.#goal && now - this.#goal.at > SEEK_STALE_MS) {
      // Nothing was told of it, as of a player that stands: believe it.
      this.#told.position = this.#goal.position;
      this.#toldAt = now;
      this.#goal = null;
      this.#tell('seeked');
    }
    const waits = this.#wanted && this.#told.state !== 'ended' && this.#told.ready;
    const still = now - Math.max(this.#movedAt, this.#askedAt);
    this.#lend(waits && this.#told.state !== 'buffering' && still > HANDS_MS);
    const clicked = navigator.userActivation?.hasBeenActive ?? true;
    if (waits && !clicked && this.#told.state === 'idle' && still > BLOCKED_MS)
      this.#started(new NotAllowed());
  }

  #lend(hands: boolean): void {
    if (hands === this.#hands) return;
    this.#hands = hands;
    this.onhands(hands);
  }

  #tell(event: PlayerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
