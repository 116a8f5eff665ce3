// Server time on this device, from four-timestamp exchanges.
//
// What lives here: the estimator (`ServerClock`) and the decision when to ask
// next (`nextExchangeIn`). What does not: the socket that carries the exchange
// and the timer that fires it; the engine owns those.
//
// Every exchange bounds the offset theta (server time minus local monotonic
// time) from both sides, because no message arrives before it was sent:
//     s2 - c1  <=  theta  <=  s1 - c0
// The tightest bounds of a sliding window are kept *per direction*. That beats
// "keep the sample with the least round trip": with jitter of range R the error
// falls like R/n instead of R/sqrt(n), and one congested direction does not
// spoil the other. Device wall clocks are never consulted for the time itself.

/** One exchange. `c*` are local monotonic ms, `s*` server ms since the epoch. */
export interface ClockSample {
  /** Client send. */
  readonly c0: number;
  /** Server receive. */
  readonly s1: number;
  /** Server send. */
  readonly s2: number;
  /** Client receive. */
  readonly c1: number;
}

/** What the estimator knows at one instant. All figures in ms. */
export interface ClockReading {
  /** Least round trip seen, both directions taken apart. */
  readonly delayMs: number;
  /** Typical round trip above the least. */
  readonly jitterMs: number;
  /** Hard bound of the offset's error, whatever the asymmetry of the path. */
  readonly errorBoundMs: number;
  /** Likely error (about one sigma) if the path is symmetric at its fastest. */
  readonly uncertaintyMs: number;
  /** Exchanges in the window. */
  readonly samples: number;
}

/** Exchanges kept. 64 make the likely error of a ±40 ms link about 1 ms. */
const WINDOW_SAMPLES = 64;
/** Oldest exchange kept, ms. Beyond it crystal drift outweighs what it knows. */
const WINDOW_AGE_MS = 120_000;
/** Assumed relative drift of two crystals, 25 ppm: widens a bound as it ages. */
const DRIFT_PER_MS = 25e-6;
/** A corrected estimate this far from the applied one is stepped to, ms. */
const STEP_MS = 60;
/** Slew of the applied offset, ms per ms: 0.5 %, within the inaudible nudge. */
const SLEW_PER_MS = 0.005;
/** Exchanges of a fresh window that are applied at once instead of slewed. */
const FRESH_SAMPLES = 8;
/** Bounds that contradict each other by more than this mean a clock stepped. */
const CONTRADICTION_MS = 2;
/** Round trips longer than this say nothing worth keeping, ms. */
const MAX_ROUND_TRIP_MS = 10_000;
/** Wall clock and monotonic clock apart by more than this: the device slept. */
const SLEEP_MS = 1_000;
/** Exchanges of a burst and their spacing: a good estimate in half a second. */
const BURST_SAMPLES = 8;
const BURST_SPACING_MS = 40;
/** An error that can't be larger than this leaves nothing to wait for, ms: half a frame at 60 Hz. */
const CLOSE_MS = 8;

interface Bound {
  readonly upper: number;
  readonly lower: number;
  readonly roundTrip: number;
  readonly at: number;
}

/** Estimates server time from exchanges; see the head of this file. */
export class ServerClock {
  #bounds: Bound[] = [];
  #target = 0;
  #applied = 0;
  #appliedAt = 0;
  #reading: ClockReading = {
    delayMs: 0,
    jitterMs: 0,
    errorBoundMs: Infinity,
    uncertaintyMs: Infinity,
    samples: 0,
  };
  #burstLeft = BURST_SAMPLES;
  #sinceBurst = 0;
  #wallMinusMono: number | null = null;

  /** True once one exchange has been taken in. */
  get synced(): boolean {
    return this.#bounds.length > 0;
  }

  /**
   * True once the time is known as well as a burst tells. What is fetched over the same link before that queues in
   * front of the answers, one direction only, and no later answer can tell the queue from the path: over 8 Mbit/s
   * and 120 ms the lab saw a page 30 ms late for as long as its film was loading.
   */
  get settled(): boolean {
    const { samples, errorBoundMs } = this.#reading;
    return this.synced && (samples >= BURST_SAMPLES || errorBoundMs <= CLOSE_MS);
  }

  /** What is known now. */
  get reading(): ClockReading {
    return this.#reading;
  }

  /** Takes in one exchange. Garbage (NaN, time running backwards) is refused with `false`. */
  add(sample: ClockSample): boolean {
    const { c0, s1, s2, c1 } = sample;
    if (![c0, s1, s2, c1].every(Number.isFinite)) return false;
    const roundTrip = c1 - c0 - (s2 - s1);
    if (c1 < c0 || s2 < s1 || roundTrip < -1 || c1 - c0 > MAX_ROUND_TRIP_MS) return false;

    const bound: Bound = {
      upper: s1 - c0,
      lower: s2 - c1,
      roundTrip: Math.max(0, roundTrip),
      at: c1,
    };
    const contradicts = this.synced && this.#contradicts(bound);
    if (contradicts) this.reset();
    this.#bounds.push(bound);
    this.#bounds = this.#bounds.filter((b) => c1 - b.at <= WINDOW_AGE_MS).slice(-WINDOW_SAMPLES);
    if (this.#burstLeft > 0) this.#burstLeft -= 1;
    this.#sinceBurst += 1;
    this.#estimate(c1);
    return true;
  }

  /** Server ms at local monotonic `now`. Meaningless until `synced`. */
  serverNow(now: number): number {
    return now + this.#offsetAt(now);
  }

  /** Local monotonic ms at which the server's clock shows `server`. */
  toLocal(server: number, now: number): number {
    return server - this.#offsetAt(now);
  }

  /** Asks for a burst: after joining, waking, becoming visible, changing network. */
  requestBurst(): void {
    this.#burstLeft = BURST_SAMPLES;
    this.#sinceBurst = 0;
  }

  /** Forgets everything, e.g. when the local clock is known to have stepped. */
  reset(): void {
    this.#bounds = [];
    this.requestBurst();
  }

  /**
   * Compares wall clock and monotonic clock, both ms; `true` means the device slept or its
   * monotonic clock stood still, and a burst has been asked for. The wall clock is used for
   * nothing else: a user who sets it costs one needless burst.
   */
  needsBurst(wallNow: number, now: number): boolean {
    const difference = wallNow - now;
    const before = this.#wallMinusMono;
    this.#wallMinusMono = difference;
    if (before === null || Math.abs(difference - before) < SLEEP_MS) return false;
    this.requestBurst();
    return true;
  }

  /** Ms to wait before the next exchange: a quick burst first, then slower and slower. */
  nextExchangeIn(): number {
    if (this.#burstLeft > 0) return BURST_SPACING_MS;
    if (this.#sinceBurst < 24) return 1_000;
    if (this.#sinceBurst < 40) return 2_500;
    return this.#reading.uncertaintyMs > 3 ? 5_000 : 10_000;
  }

  #contradicts(fresh: Bound): boolean {
    return this.#bounds.some((b) => {
      const slack = CONTRADICTION_MS + Math.abs(fresh.at - b.at) * DRIFT_PER_MS * 4;
      return fresh.upper < b.lower - slack || fresh.lower > b.upper + slack;
    });
  }

  #estimate(now: number): void {
    let upper = Infinity;
    let lower = -Infinity;
    const uppers: number[] = [];
    const lowers: number[] = [];
    const trips: number[] = [];
    for (const b of this.#bounds) {
      const widening = (now - b.at) * DRIFT_PER_MS;
      upper = Math.min(upper, b.upper + widening);
      lower = Math.max(lower, b.lower - widening);
      uppers.push(b.upper + widening);
      lowers.push(b.lower - widening);
      trips.push(b.roundTrip);
    }
    const n = this.#bounds.length;
    // Spread of each direction from its best; the best of n is off by about 2·spread/(n+1).
    const spread = Math.hypot(median(uppers) - upper, lower - median(lowers));
    const errorBoundMs = Math.max(0, (upper - lower) / 2);
    this.#reading = {
      delayMs: Math.max(0, upper - lower),
      jitterMs: Math.max(0, median(trips) - Math.min(...trips)),
      errorBoundMs,
      uncertaintyMs: Math.min(errorBoundMs, n < 3 ? errorBoundMs : 0.1 + (2 * spread) / (n + 1)),
      samples: n,
    };
    const current = this.#offsetAt(now);
    this.#target = (upper + lower) / 2;
    const fresh = n <= FRESH_SAMPLES || Math.abs(this.#target - current) >= STEP_MS;
    this.#applied = fresh ? this.#target : current;
    this.#appliedAt = now;
  }

  #offsetAt(now: number): number {
    const room = Math.max(0, now - this.#appliedAt) * SLEW_PER_MS;
    const difference = this.#target - this.#applied;
    return this.#applied + Math.max(-room, Math.min(room, difference));
  }
}

/** Middle value of `values`; 0 for none. Does not change its argument. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const mid = sorted.length >> 1;
  const high = sorted[mid] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[mid - 1] ?? high) + high) / 2;
}
