// What starting and seeking cost on this device, learned from doing it.
//
// `play()` and seeks do not act at once. Each client starts early by its own
// learned cost, and aims ahead of a moving target by it, so that the server
// never has to wait for the slowest. Nothing here touches a player; the engine
// tells what it saw and asks what to expect.

/** A duration in ms learned as an exponentially weighted mean with deviation. */
export class LearnedCost {
  #mean: number;
  #deviation: number;
  #seen = 0;
  readonly #max: number;

  /** `initial` is the guess before anything was seen; observations past `max` are capped. */
  constructor(initial: number, max: number) {
    this.#mean = initial;
    this.#deviation = initial / 2;
    this.#max = max;
  }

  /** Expected cost, ms. */
  get mean(): number {
    return this.#mean;
  }

  /** True once something was seen. */
  get learned(): boolean {
    return this.#seen > 0;
  }

  /** A cost that is rarely exceeded, ms. */
  get safe(): number {
    return this.#mean + 2 * this.#deviation;
  }

  /** Learns from one observation; early ones weigh more. Garbage is ignored. */
  learn(ms: number): void {
    if (!Number.isFinite(ms)) return;
    const value = Math.min(this.#max, Math.max(-this.#max, ms));
    this.#seen += 1;
    const weight = Math.max(0.25, 1 / (this.#seen + 1));
    const difference = value - this.#mean;
    this.#mean += weight * difference;
    this.#deviation += weight * (Math.abs(difference) - this.#deviation);
  }
}

/** Least and most a catch-up seek aims ahead, ms. */
const MIN_LEAD_MS = 80;
const MAX_LEAD_MS = 6_000;
/** Round trips of fetching unloaded media: a request, and the slow start of its answer. */
const FETCH_ROUND_TRIPS = 4;
/** Each failed attempt aims this much further ahead. */
const LEAD_GROWTH = 1.8;
/** A start missed by at most this is played at once and nudged, ms. */
export const LATE_START_MS = 150;

/** The costs one player has shown so far. */
export class StartCosts {
  /**
   * `play()` to the media clock running. The first start after loading or a seek is `cold`
   * (its audio has to be decoded first), others are `warm`.
   */
  readonly cold = new LearnedCost(85, 600);
  readonly warm = new LearnedCost(10, 400);
  /** Seek while paused to being ready to play there, media loaded or not. */
  readonly seekLoaded = new LearnedCost(60, 2_000);
  readonly seekUnloaded = new LearnedCost(140, 5_000);

  /** Expected ms from calling `play()` to the clock running. */
  start(cold: boolean): number {
    return (cold ? this.cold : this.warm).mean;
  }

  /**
   * How far ahead of a moving target to seek, ms; `attempt` counts from 0. Until learned
   * better, media that must be fetched takes some round trips of `delayMs` on top.
   */
  lead(loaded: boolean, attempt: number, delayMs: number): number {
    const seek = loaded ? this.seekLoaded : this.seekUnloaded;
    const trips = loaded || seek.learned ? 0 : FETCH_ROUND_TRIPS * delayMs;
    const lead = (seek.safe + trips + Math.max(0, this.cold.mean) + 20) * LEAD_GROWTH ** attempt;
    return Math.min(MAX_LEAD_MS, Math.max(MIN_LEAD_MS, lead));
  }

  /** Learns what a seek cost. */
  learnSeek(loaded: boolean, ms: number): void {
    (loaded ? this.seekLoaded : this.seekUnloaded).learn(ms);
  }

  /** Learns what a start cost. */
  learnStart(cold: boolean, ms: number): void {
    (cold ? this.cold : this.warm).learn(ms);
  }
}
