// Drives the clock exchange: asks at the pace the estimator wants, in a burst
// when told that something changed. The message itself is the transport's.

import type { ClockSample, ServerClock } from './clock';
import type { Environment } from './player';

/** Keeps a `ServerClock` fed. */
export class ClockExchange {
  readonly #clock: ServerClock;
  readonly #env: Environment;
  readonly #ask: (c0: number) => void;
  #timer: number | null = null;

  /** `ask` sends one request stamped with local monotonic ms; it may do nothing while offline. */
  constructor(clock: ServerClock, env: Environment, ask: (c0: number) => void) {
    this.#clock = clock;
    this.#env = env;
    this.#ask = ask;
  }

  /** Starts asking; call again to begin a burst at once. */
  burst(): void {
    this.#clock.requestBurst();
    this.stop();
    this.#send();
  }

  stop(): void {
    if (this.#timer !== null) this.#env.clearTimer(this.#timer);
    this.#timer = null;
  }

  /** Takes in a reply. Returns false when it was garbage. */
  reply(sample: ClockSample): boolean {
    return this.#clock.add(sample);
  }

  #send(): void {
    const now = this.#env.now();
    this.#ask(now);
    this.#timer = this.#env.setTimer(() => {
      this.#send();
    }, this.#clock.nextExchangeIn());
  }
}
