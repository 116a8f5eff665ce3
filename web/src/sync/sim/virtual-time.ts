// Virtual time and seeded chance for the simulated tests: thousands of seconds
// of play in a moment of real time, the same every run.

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly run: () => void;
}

/** A clock that moves only when told, running timers in order. */
export class VirtualTime {
  #now = 0;
  #next = 1;
  #queue: Timer[] = [];
  readonly #cancelled = new Set<number>();

  /** Virtual ms. */
  get now(): number {
    return this.#now;
  }

  /** Runs `run` after `delayMs`; at once means after everything already due. */
  after(delayMs: number, run: () => void): number {
    const timer: Timer = { id: this.#next, at: this.#now + Math.max(0, delayMs), run };
    this.#next += 1;
    // Binary insertion keeps equal instants in order of arrival.
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if ((this.#queue[mid]?.at ?? Infinity) <= timer.at) low = mid + 1;
      else high = mid;
    }
    this.#queue.splice(low, 0, timer);
    return timer.id;
  }

  cancel(id: number): void {
    this.#cancelled.add(id);
  }

  /** Moves on by `ms`, running what falls due; promises settle between timers. */
  async run(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const timer = this.#queue[0];
      if (!timer || timer.at > end) break;
      this.#queue.shift();
      if (this.#cancelled.delete(timer.id)) continue;
      this.#now = timer.at;
      timer.run();
      if (this.#settle) await Promise.resolve();
    }
    this.#now = end;
  }

  /** Awaiting after every timer would dominate the run; players that reject ask for it. */
  #settle = false;
  settlePromises(): void {
    this.#settle = true;
  }
}

/** Seeded pseudo-random numbers (mulberry32): uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
