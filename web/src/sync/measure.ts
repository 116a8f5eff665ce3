// Where this player really is, measured against where it should be.
//
// Two tracks are kept, both as errors (expected minus measured, media ms,
// positive = behind):
//   clock    `currentTime`, sampled on every tick and frame. In Chromium it is
//            interpolated from the audio clock and good to about 1 ms, so it
//            steers the controller.
//   picture  `mediaTime` at `displayAt` of each frame: what is on screen. A
//            30 fps picture moves in steps of 33 ms and stays locked to the
//            display's refresh within ± half a frame of the clock whatever the
//            clock does, so it is shown and reported, and steers only where the
//            clock is coarse (some browsers) or the lock is off by a frame.
// Own rate changes are accounted for, so that a window may span a nudge.

import { median } from './clock';
import type { FrameSample } from './player';

/** The measured error at one instant; ms. */
export interface Measurement {
  /** Error the controller should act on, as it will be once a rate set now takes effect. */
  readonly errorMs: number;
  /** Typical distance of single samples from `errorMs`. */
  readonly spreadMs: number;
  /** Samples behind `errorMs`; 0 means unknown. */
  readonly samples: number;
  /** Error of the picture on screen, or null when no recent frames tell. */
  readonly pictureMs: number | null;
  /** Usual distance of frames on screen, ms; 0 while unknown. */
  readonly frameIntervalMs: number;
}

/** A rate set takes this long to reach the media clock (Chromium: audio already queued), ms. */
export const ACTUATION_MS = 90;
/** Clock samples kept: enough to see through the ±5 ms saw of time stretching. */
const CLOCK_WINDOW_MS = 400;
const CLOCK_WINDOW = 16;
/** Frames kept for the picture: a second shows every pattern of 24, 25 and 30 fps on 60 Hz. */
const PICTURE_WINDOW_MS = 1_000;
/** A clock whose samples scatter more than this is coarse; frames are better. */
const COARSE_CLOCK_MS = 6;
/** Frames needed before they may replace a coarse clock. */
const MIN_FRAMES = 6;

interface ErrorSample {
  readonly at: number;
  /** Error plus the shift of own rate changes up to `at`. */
  readonly value: number;
}

interface RateChange {
  readonly from: number;
  readonly rate: number;
  /** Shift accumulated up to `from`. */
  readonly shift: number;
}

/** Collects samples and answers with a `Measurement`; see the head of this file. */
export class Measure {
  #clock: ErrorSample[] = [];
  #frames: ErrorSample[] = [];
  #displayed: number[] = [];
  #changes: RateChange[] = [{ from: 0, rate: 1, shift: 0 }];
  #roomRate = 1;

  /** Forgets all samples: after a seek, start, stall or a new timeline. */
  reset(): void {
    this.#clock = [];
    this.#frames = [];
    this.#displayed = [];
  }

  /** Tells the shared rate and the rate set on the player at `now`. */
  setRate(roomRate: number, playerRate: number, now: number): void {
    if (roomRate !== this.#roomRate) {
      this.#roomRate = roomRate;
      this.#changes = [];
      this.reset();
    }
    const last = this.#changes.at(-1);
    if (last?.rate === playerRate) return;
    const from = last ? Math.max(last.from, now + ACTUATION_MS) : now;
    this.#changes.push({ from, rate: playerRate, shift: this.shiftAt(from) });
    if (this.#changes.length > 32) this.#changes.shift();
  }

  /** Media ms gained on the room by own rate changes up to `at`, from an arbitrary zero. */
  shiftAt(at: number): number {
    let change = this.#changes[0];
    for (const c of this.#changes) if (c.from <= at) change = c;
    if (!change) return 0;
    return change.shift + Math.max(0, at - change.from) * (change.rate - this.#roomRate);
  }

  /** Takes a reading of the playback clock: measured and expected seconds at `now`. */
  addClock(now: number, measured: number, expected: number): void {
    const error = (expected - measured) * 1000;
    if (!Number.isFinite(error)) return;
    const last = this.#clock.at(-1);
    if (last && now - last.at < 5) return;
    this.#clock.push({ at: now, value: error + this.shiftAt(now) });
    this.#clock = this.#clock.filter((s) => now - s.at <= CLOCK_WINDOW_MS).slice(-CLOCK_WINDOW);
  }

  /** Takes a frame; `expected` is the expected position at `frame.displayAt`, seconds. */
  addFrame(frame: FrameSample, measured: number, expected: number): void {
    const error = (expected - measured) * 1000;
    if (!Number.isFinite(error) || !Number.isFinite(frame.displayAt)) return;
    const at = frame.displayAt;
    this.#frames.push({ at, value: error + this.shiftAt(at) });
    this.#frames = this.#frames.filter((s) => at - s.at <= PICTURE_WINDOW_MS);
    this.#displayed.push(at);
    this.#displayed = this.#displayed.filter((t) => at - t <= PICTURE_WINDOW_MS);
  }

  /** The error at `now`. */
  at(now: number): Measurement {
    const ahead = this.shiftAt(now + ACTUATION_MS);
    const current = this.shiftAt(now);
    const clock = summary(this.#clock.filter((s) => now - s.at <= CLOCK_WINDOW_MS * 2));
    const frames = summary(this.#frames.filter((s) => now - s.at <= PICTURE_WINDOW_MS));
    const coarse = clock.spread > COARSE_CLOCK_MS || clock.samples === 0;
    const best = coarse && frames.samples >= MIN_FRAMES ? frames : clock;
    return {
      errorMs: best.value - ahead,
      spreadMs: best.spread,
      samples: best.samples,
      pictureMs: frames.samples >= 3 ? frames.mean - current : null,
      frameIntervalMs: this.#frameInterval(),
    };
  }

  #frameInterval(): number {
    const gaps: number[] = [];
    for (let i = 1; i < this.#displayed.length; i += 1) {
      gaps.push((this.#displayed[i] ?? 0) - (this.#displayed[i - 1] ?? 0));
    }
    return median(gaps);
  }
}

interface Summary {
  readonly value: number;
  readonly mean: number;
  readonly spread: number;
  readonly samples: number;
}

function summary(samples: readonly ErrorSample[]): Summary {
  const values = samples.map((s) => s.value);
  const value = median(values);
  return {
    value,
    mean: values.length ? values.reduce((a, b) => a + b, 0) / values.length : 0,
    spread: median(values.map((v) => Math.abs(v - value))),
    samples: values.length,
  };
}
