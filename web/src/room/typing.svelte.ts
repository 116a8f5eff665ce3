// Who types just now: told by the server about once a second, forgotten when they are done.
import type { MemberId } from './model';

/** Nobody types for longer than this without a word of it, ms. */
const TYPING_MS = 5000;
/** The protocol takes one note in this time, ms. */
const TYPING_EVERY_MS = 2000;
/** Signals come about once a second: for so long they may be older than the message. */
const SAID_MS = 1500;

export class Typing {
  /** The others who type. */
  who = $state.raw<MemberId[]>([]);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #typedAt = -Infinity;
  #saidAt: Record<MemberId, number> = {};

  constructor(private readonly tell: () => void) {}

  /** One types oneself: tells the others, no more often than the protocol allows. */
  typed(): void {
    const now = performance.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.tell();
  }

  /** Somebody's typing has become a message. */
  said(by: MemberId | null): void {
    if (by !== null) this.#saidAt[by] = performance.now();
    this.who = this.who.filter((id) => id !== by);
  }

  /** What the server says. */
  others(list: readonly MemberId[], me: MemberId | undefined): void {
    const now = performance.now();
    // A signal may tell of the very typing that has become a message since.
    const quiet = (id: MemberId): boolean => now - (this.#saidAt[id] ?? -Infinity) < SAID_MS;
    this.who = list.filter((id) => id !== me && !quiet(id));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.who = []), TYPING_MS);
  }
}
