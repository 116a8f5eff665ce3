// Getting to a position and starting there on time.
//
// A cue pauses the player at a position a little ahead of where the room will
// be, waits until the medium can play there, and calls `play()` early by the
// learned start-up cost at the instant the room arrives. Scheduled start, late
// join, catching up after a stall and coming back from sleep are all this one
// thing; only where it aims differs. It says what it wants; the engine acts.

import { FUTURE_DATA, type PlayerReading } from './player';
import { LATE_START_MS, type StartCosts } from './start';

/** What the engine should do for the cue now. */
export type CueStep =
  /** Nothing yet; look again after this many ms. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Call `play()` now. */
  | { readonly kind: 'start' }
  /** The moment is missed by too much: cue again, further ahead. */
  | { readonly kind: 'again' };

/** Attempts before a start is made however late it is; nudges do the rest. */
const MAX_ATTEMPTS = 4;
/** How often an unready medium is looked at; its events come on top, ms. */
const POLL_MS = 50;

/** One attempt to start at `position`. */
export class Cue {
  /** Media seconds to start at. */
  readonly position: number;
  /** Attempts before this one. */
  readonly attempt: number;
  readonly #costs: StartCosts;
  readonly #loaded: boolean;
  readonly #since: number;
  readonly #seeks: boolean;
  #ready = false;
  #missedAt: number | null = null;

  constructor(
    costs: StartCosts,
    at: { position: number; attempt: number; now: number; seeks: boolean; loaded: boolean },
  ) {
    this.#costs = costs;
    this.position = at.position;
    this.attempt = at.attempt;
    this.#since = at.now;
    this.#seeks = at.seeks;
    this.#loaded = at.loaded;
  }

  /** True once the medium can play at the position. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Since when the start is known to be missed; from `now` on where it was not. */
  missedAt(now: number): number {
    this.#missedAt ??= now;
    return this.#missedAt;
  }

  /**
   * Decides. `startsIn` is the time in ms until the room reaches `position`; `cold` whether
   * the next start is the first since the medium was loaded.
   */
  step(now: number, player: PlayerReading, startsIn: number, cold: boolean): CueStep {
    const ready = !player.seeking && player.readyState >= FUTURE_DATA;
    if (ready && !this.#ready) {
      this.#ready = true;
      if (this.#seeks) this.#costs.learnSeek(this.#loaded, now - this.#since);
    }
    if (!ready) {
      this.#ready = false;
      return { kind: 'wait', ms: POLL_MS };
    }
    const left = startsIn - this.#costs.start(cold);
    if (left > 1) return { kind: 'wait', ms: left > 40 ? Math.min(left - 20, 250) : left };
    const missed = -left > LATE_START_MS && this.attempt + 1 < MAX_ATTEMPTS;
    return missed ? { kind: 'again' } : { kind: 'start' };
  }
}
