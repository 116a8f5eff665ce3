// From an error to an action: nothing, a rate, or a seek.
//
// A pure state machine: all it needs is in `ControlInput`, all it says is a
// `ControlAction`. Corrections begin past one threshold and end within a
// smaller one. What they are made of follows from what Chromium was seen to do
// (Debian's headless build, 60 Hz, software decoding; ms of media clock):
//   - changing `playbackRate` with pitch preserved moves the clock by -16..-38
//     once when time stretching starts and by -8..+11 when it ends, so a nudge
//     of 1 % that wants to gain 15 ms loses 10 instead;
//   - with `preservesPitch` off the rate takes effect after 80 ms, exactly, and
//     at up to 1 % (17 cents, for a second or two) nobody hears it.
// So errors up to 60 ms are repaired by resampling, larger ones by stretching; a late
// start is resampled up to 90 ms (see `START_FIX`).
// A residual speed difference (integral term) becomes part of the base rate.

import { FAR_MS, FINE_MS, type SyncClass } from './classes';

/** What the controller decides on; ms unless said otherwise. */
export interface ControlInput {
  /** Local monotonic ms. */
  readonly now: number;
  /** Expected minus measured position; positive means this player is behind. */
  readonly errorMs: number;
  /** Scatter of single measurements. */
  readonly spreadMs: number;
  /** Measurements behind `errorMs`. */
  readonly samples: number;
  /** Error of the picture on screen, if known. */
  readonly pictureMs: number | null;
  /** Usual distance of frames on screen; 0 while unknown. */
  readonly frameIntervalMs: number;
  /** Shared rate, 1 is normal. */
  readonly roomRate: number;
  /** Likely error of the server clock estimate. */
  readonly uncertaintyMs: number;
  /** True for the first seconds after a start, seek or stall. */
  readonly settling: boolean;
  readonly buffering: boolean;
  readonly hidden: boolean;
  readonly seeking: boolean;
}

/** What to do. `rate` is the absolute playback rate. */
export type ControlAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'rate'; readonly rate: number; readonly preservePitch: boolean }
  | { readonly kind: 'seek' };

const NONE: ControlAction = { kind: 'none' };

/** Time in which a small nudge should be done, ms: 10 ms of error make 0.5 %. */
const FINE_TIME_MS = 2_000;
/** The same while settling, where a quick repair matters more. */
const SETTLE_FINE_TIME_MS = 700;
const SETTLE_STRETCH_TIME_MS = 350;
/** Thresholds of close classes while settling: pages that agree to 2 ms mostly show the same refresh. */
const SETTLE_ENTER_MS = 2.5;
const SETTLE_LEAVE_MS = 0.8;
/** Errors up to here are repaired by resampling while settling, at most by `SETTLE_FINE`. */
const SETTLE_FINE_MS = 40;
const SETTLE_FINE = 0.03;
/** Smallest nudge worth a rate change. */
const MIN_NUDGE = 0.002;
/** A running nudge keeps its rate until it is done, unless it proves too weak by this much. */
const RERATE_ABOVE = 1.5;
/** A stretching nudge becomes a resampling one within this error. */
const HAND_OVER_MS = 15;
/** Least time between rate changes of a running nudge, and while settling. */
const RERATE_AFTER_MS = 500;
const SETTLE_RERATE_AFTER_MS = 120;
/** Seeks are at least this far apart; each one soon after another doubles it. */
const SEEK_PAUSE_MS = 3_000;
const MAX_SEEK_PAUSE_MS = 60_000;
/** Integral term: largest base rate correction and the step it is rounded to. */
const MAX_TRIM = 0.006;
const TRIM_STEP = 1e-4;
/** Share of an observed speed difference taken over at once. */
const TRIM_GAIN = 0.8;
/** Trims below this are left to an occasional nudge. */
const MIN_TRIM = 2e-4;
/**
 * A start rolls: the first moments run a little fast. At exactly 1 a 30 fps picture locks to
 * whichever refresh it meets first, up to 17 ms off its clock, and stays there; started like
 * this it locks within 8 (Chromium, 30 and 60 fps on 60 Hz; 1.03 was the least that did it).
 */
export const ROLL_NUDGE = 0.03;
/** Classes that tolerate this much do not care where a picture locks. */
const LOOSE_MS = 50;
/** Length of the roll after the clock runs, ms. */
export const ROLL_MS = 200;
/** Most that a late call adds to the roll: 40 ms are made up. */
const LATE_ROLL = 0.2;
/** A start that is late by more than a frame and a half at 60 Hz is not left to roll: waiting would add to it. */
const ROLL_LATE_MS = 25;
/** Measurements that such a start must be seen in; single ones just after `play()` are off by as much. */
const ROLL_LATE_SAMPLES = 3;
/**
 * A start that is off by more than `ROLL_LATE_MS` and up to this is put right by resampling at up to `START_FIX`
 * within `START_FIX_TIME_MS`. Stretching would lose another 16 to 33 ms before it gains (Chromium, in the lab:
 * 0.3 s more until in step); three semitones for a fifth of a second, at the very start, are the lesser evil.
 */
const START_FIX_UP_TO_MS = 90;
const START_FIX = 0.2;
const START_FIX_TIME_MS = 200;
/** How long after the clock began to run that holds, ms. */
const START_MS = 1_200;

/**
 * A picture off its clock by more than half a frame and this is locked wrongly, as happens
 * when the machine is short of breath; a roll in running playback lets it lock anew.
 */
const RELOCK_SLACK_MS = 6;
/** How long it must be off, the pause between attempts, and attempts per start. */
const RELOCK_AFTER_MS = 1_500;
const RELOCK_PAUSE_MS = 10_000;
const RELOCKS = 3;

/** Decides corrections for one player; see the head of this file. */
export class Controller {
  #class: SyncClass;
  /** Deviation from the base rate now commanded; 0 when at rest. */
  #nudge = 0;
  #stretching = false;
  #changedAt = -Infinity;
  #seekAt = -Infinity;
  #seekPause = SEEK_PAUSE_MS;
  #over = 0;
  #trim = 0;
  #restSince = -Infinity;
  #restError = 0;
  #lastSign = 0;
  #rollUntil = -Infinity;
  #startUntil = -Infinity;
  #pictureOffSince: number | null = null;
  #relockedAt = -Infinity;
  #relocks = 0;

  constructor(syncClass: SyncClass) {
    this.#class = syncClass;
  }

  /** Changes the class; a running nudge goes on by the new numbers. */
  setClass(syncClass: SyncClass): void {
    this.#class = syncClass;
  }

  /** True while a nudge runs. */
  get nudging(): boolean {
    return this.#nudge !== 0;
  }

  /** Learned speed difference that is part of the base rate (integral term). */
  get trim(): number {
    return Math.abs(this.#trim) < MIN_TRIM ? 0 : Math.round(this.#trim / TRIM_STEP) * TRIM_STEP;
  }

  /** Rate and pitch mode at rest. */
  base(roomRate: number): { rate: number; preservePitch: boolean } {
    return { rate: roomRate * (1 + this.trim), preservePitch: roomRate !== 1 };
  }

  /**
   * Rate to call `play()` with; see `ROLL_NUDGE`. The roll lasts until `rolling` is told when
   * the clock began to run. Loose classes and other shared rates start plainly. What the call is
   * known to be late by (`lateMs`; a busy machine's timer) is made up within the roll: a rate set
   * before `play()` acts at once, one set after it 90 ms later.
   */
  roll(roomRate: number, now: number, lateMs = 0): { rate: number; preservePitch: boolean } {
    this.rest(now);
    if (!this.rolls(roomRate)) return this.base(roomRate);
    const nudge = ROLL_NUDGE + clamp(lateMs / ROLL_MS, 0, Math.min(LATE_ROLL, this.#class.settle));
    this.#nudge = nudge;
    this.#rollUntil = Infinity;
    this.#relocks = 0;
    this.#relockedAt = now;
    return { rate: roomRate * (1 + this.trim + nudge), preservePitch: false };
  }

  /** Whether a start at this shared rate rolls. */
  rolls(roomRate: number): boolean {
    return roomRate === 1 && this.#class.enterMs < LOOSE_MS;
  }

  /** The clock runs since `now`: the roll has `ROLL_MS` to go. */
  rolling(now: number): void {
    if (this.#rollUntil !== Infinity) return;
    this.#rollUntil = now + ROLL_MS;
    this.#startUntil = now + START_MS;
  }

  /** Ends a nudge without an action: the engine is about to set the base rate itself. */
  rest(now: number): void {
    this.#nudge = 0;
    this.#stretching = false;
    this.#over = 0;
    this.#rollUntil = -Infinity;
    this.#pictureOffSince = null;
    this.#restSince = Infinity;
    this.#changedAt = now;
  }

  /** Tells that a seek was made for any reason, so that the next one keeps its distance. */
  noteSeek(now: number): void {
    const soon = now - this.#seekAt < 4 * this.#seekPause;
    this.#seekPause = soon ? Math.min(MAX_SEEK_PAUSE_MS, this.#seekPause * 2) : SEEK_PAUSE_MS;
    this.#seekAt = now;
  }

  /** A person asked for this position: earlier seeks no longer hold the next one back. */
  forgetSeeks(): void {
    this.#seekAt = -Infinity;
    this.#seekPause = SEEK_PAUSE_MS;
  }

  /** Decides what to do now. */
  step(input: ControlInput): ControlAction {
    const { now, errorMs } = input;
    if (input.buffering || input.seeking || input.samples < 3 || !Number.isFinite(errorMs))
      return NONE;
    const size = Math.abs(errorMs);
    const c = this.#class;
    const seekPast = input.settling ? c.settleSeekPastMs : c.seekPastMs;
    const tolerance = Number.isFinite(input.uncertaintyMs) ? input.uncertaintyMs : c.enterMs;
    if (size > (input.hidden ? 2 * seekPast : seekPast) + 2 * tolerance) {
      return now - this.#seekAt >= this.#seekPause ? { kind: 'seek' } : this.#correct(input, size);
    }
    if (input.hidden) return this.#nudge === 0 ? NONE : this.#stop(input);
    if (c.enterMs === Infinity) return this.#nudge === 0 ? NONE : this.#stop(input);

    // Settling may be thorough: what is put right now needs no nudge later.
    const base = input.settling
      ? Math.min(c.enterMs, Math.max(SETTLE_ENTER_MS, c.leaveMs))
      : c.enterMs;
    const enter = Math.max(base, 2 * tolerance, 2 * input.spreadMs);
    const least = input.settling && c.enterMs < LOOSE_MS ? SETTLE_LEAVE_MS : c.leaveMs;
    const leave = Math.min(enter / 2, Math.max(least, 0.4 * tolerance));
    if (this.#nudge !== 0) {
      // Only lateness is believed this early: a clock that resumes reads up to 90 ms ahead at first.
      const late = errorMs > ROLL_LATE_MS && input.samples >= ROLL_LATE_SAMPLES;
      if (now < this.#rollUntil && !late) return NONE;
      const done = size <= leave || Math.sign(errorMs) !== Math.sign(this.#nudge);
      return done ? this.#stop(input) : this.#correct(input, size);
    }
    this.#noteRest(now, errorMs);
    // One odd measurement is not an error: it has to be seen twice.
    this.#over = size > enter ? this.#over + 1 : 0;
    if (this.#over >= 2) {
      // Only what crept past the threshold tells of speed; what leapt past it does not.
      if (size < 1.5 * enter) this.#learnTrim(now, errorMs);
      return this.#correct(input, size);
    }
    return this.#relock(input, size <= enter);
  }

  #noteRest(now: number, errorMs: number): void {
    // The first measurement well after a nudge is where the error rests.
    if (this.#restSince === Infinity && now - this.#changedAt > 500) {
      this.#restSince = now;
      this.#restError = errorMs;
    }
  }

  #correct(input: ControlInput, size: number): ControlAction {
    const { now, settling } = input;
    const sign = Math.sign(input.errorMs);
    if (this.#class.far === 0) return NONE;
    const { nudge, stretch } = this.#nudgeFor(size, settling, now < this.#startUntil);
    const wanted = sign * nudge;
    if (this.#nudge !== 0) {
      const pause = settling ? SETTLE_RERATE_AFTER_MS : RERATE_AFTER_MS;
      // A stretching nudge hands over to resampling late: each change of method costs a step.
      const handOver = this.#stretching && !stretch && size <= HAND_OVER_MS;
      const weak = nudge > RERATE_ABOVE * Math.abs(this.#nudge) && stretch >= this.#stretching;
      if (!(handOver || weak) || now - this.#changedAt < pause) return NONE;
    }
    this.#nudge = wanted;
    this.#stretching = stretch;
    return this.#rate(input);
  }

  #nudgeFor(size: number, settling: boolean, start: boolean): { nudge: number; stretch: boolean } {
    const c = this.#class;
    if (start && size > ROLL_LATE_MS && size <= START_FIX_UP_TO_MS) {
      const limit = Math.min(START_FIX, c.settle);
      return { nudge: clamp(size / START_FIX_TIME_MS, MIN_NUDGE, limit), stretch: false };
    }
    if (settling && size <= SETTLE_FINE_MS) {
      const limit = Math.min(SETTLE_FINE, c.settle);
      return { nudge: clamp(size / SETTLE_FINE_TIME_MS, MIN_NUDGE, limit), stretch: false };
    }
    if (settling)
      return { nudge: clamp(size / SETTLE_STRETCH_TIME_MS, 0.04, c.settle), stretch: true };
    if (size <= FINE_MS)
      return { nudge: clamp(size / FINE_TIME_MS, MIN_NUDGE, c.fine), stretch: false };
    return { nudge: size > FAR_MS ? c.far : c.near, stretch: true };
  }

  #stop(input: ControlInput): ControlAction {
    // A roll or relock was no answer to an error, so it teaches nothing about drift.
    this.#lastSign = this.#rollUntil > -Infinity ? 0 : Math.sign(this.#nudge);
    this.rest(input.now);
    return this.#rate(input);
  }

  #rate(input: ControlInput): ControlAction {
    this.#changedAt = input.now;
    const rate = input.roomRate * (1 + this.trim + this.#nudge);
    const preservePitch = this.#stretching || input.roomRate !== 1;
    return { kind: 'rate', rate, preservePitch };
  }

  /** The error grew from rest in the same direction as last time: the player runs off by itself. */
  #learnTrim(now: number, errorMs: number): void {
    const rested = now - this.#restSince;
    if (rested >= 300 && Number.isFinite(rested) && rested < 60_000) {
      const slope = (errorMs - this.#restError) / rested;
      const same = Math.sign(errorMs) === this.#lastSign && Math.sign(slope) === this.#lastSign;
      const step = same ? TRIM_GAIN * slope : 0;
      this.#trim = same ? clamp(this.#trim + step, -MAX_TRIM, MAX_TRIM) : this.#trim * 0.7;
    }
    this.#restSince = Infinity;
  }

  /** Rolls again towards the picture's error when it is locked off its clock; see `RELOCK_SLACK_MS`. */
  #relock(input: ControlInput, inStep: boolean): ControlAction {
    const { now, pictureMs, frameIntervalMs, roomRate } = input;
    const close = inStep && this.rolls(roomRate) && frameIntervalMs > 0 && frameIntervalMs < 50;
    if (
      !close ||
      pictureMs === null ||
      Math.abs(pictureMs) <= frameIntervalMs / 2 + RELOCK_SLACK_MS
    ) {
      this.#pictureOffSince = null;
      return NONE;
    }
    this.#pictureOffSince ??= now;
    const again = this.#relocks === 0 || now - this.#relockedAt > RELOCK_PAUSE_MS;
    if (now - this.#pictureOffSince < RELOCK_AFTER_MS || !again || this.#relocks >= RELOCKS)
      return NONE;
    this.#relocks += 1;
    this.#relockedAt = now;
    this.#nudge = Math.sign(pictureMs) * ROLL_NUDGE;
    this.#rollUntil = now + ROLL_MS;
    this.#stretching = false;
    return this.#rate(input);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(Math.min(low, high), value));
}
