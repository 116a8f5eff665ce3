// The one place that sets a playback rate: it tells the player and the
// measurement together, so that own nudges are never mistaken for drift.

import type { Measure } from './measure';
import type { Player } from './player';

/** Remembers the rate last set and counts changes. */
export class RateDrive {
  readonly #player: Player;
  readonly #measure: Measure;
  #rate = 1;
  #preservePitch = true;
  #changes = 0;

  constructor(player: Player, measure: Measure) {
    this.#player = player;
    this.#measure = measure;
  }

  /** Rate last set on the player. */
  get rate(): number {
    return this.#rate;
  }

  /** Rate changes so far. */
  get changes(): number {
    return this.#changes;
  }

  /** Sets `rate` at local `now`; garbage is ignored, and so is what is set already. */
  set(rate: number, preservePitch: boolean, roomRate: number, now: number): void {
    if (!Number.isFinite(rate) || rate <= 0) return;
    if (rate !== this.#rate || preservePitch !== this.#preservePitch) {
      this.#player.setRate(rate, preservePitch);
      if (rate !== this.#rate) this.#changes += 1;
    }
    this.#rate = rate;
    this.#preservePitch = preservePitch;
    this.#measure.setRate(roomRate, rate, now);
  }
}
