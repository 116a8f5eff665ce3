// Sync classes: how closely a client follows, as numbers.
//
// The bases come from what people notice (voice in the ear needs tens of ms,
// strangers with text chat forgive a second) and from what Chromium really
// does: nudges up to 1 % are made by resampling (see `controller.ts`), cost the
// media clock nothing, and let the close classes hold a few ms. On a poor clock
// the tolerances grow; see `Controller`.

/** Names of the classes a user, or the engine, may choose. */
export type SyncClassName =
  'same-room' | 'voice' | 'normal' | 'bridge' | 'frame' | 'relaxed' | 'free';

/** Numbers of one class. Errors in ms, rates as deviation from the room's rate. */
export interface SyncClass {
  readonly name: SyncClassName;
  /** A correction begins past this error. */
  readonly enterMs: number;
  /** A correction ends within this error. */
  readonly leaveMs: number;
  /** Largest nudge by resampling, for errors up to `FINE_MS`. */
  readonly fine: number;
  /** Largest pitch-preserved nudge up to `FAR_MS`. */
  readonly near: number;
  /** Largest pitch-preserved nudge past `FAR_MS`. */
  readonly far: number;
  /** Largest nudge in the settling phase after a start, seek or stall. */
  readonly settle: number;
  /** Past this error one seek replaces the nudge; `Infinity` never seeks. */
  readonly seekPastMs: number;
  /** The same while settling, when a jump is less of a surprise. */
  readonly settleSeekPastMs: number;
}

/** Errors up to here are repaired by resampling. */
export const FINE_MS = 60;
/** Errors past here use the class's `far` rate. */
export const FAR_MS = 300;

export const SYNC_CLASSES: Readonly<Record<SyncClassName, SyncClass>> = {
  'same-room': {
    name: 'same-room',
    enterMs: 5,
    leaveMs: 1,
    fine: 0.01,
    near: 0.02,
    far: 0.04,
    settle: 0.25,
    seekPastMs: 500,
    settleSeekPastMs: 350,
  },
  voice: {
    name: 'voice',
    enterMs: 7,
    leaveMs: 1.5,
    fine: 0.01,
    near: 0.03,
    far: 0.06,
    settle: 0.25,
    seekPastMs: 1_500,
    settleSeekPastMs: 500,
  },
  normal: {
    name: 'normal',
    enterMs: 8,
    leaveMs: 2,
    fine: 0.01,
    near: 0.03,
    far: 0.08,
    settle: 0.25,
    seekPastMs: 2_000,
    settleSeekPastMs: 500,
  },
  bridge: {
    name: 'bridge',
    enterMs: 250,
    leaveMs: 80,
    fine: 0.01,
    near: 0.05,
    far: 0.05,
    settle: 0.05,
    seekPastMs: 4_000,
    settleSeekPastMs: 1_000,
  },
  // Another site's player in a frame: it has a few speeds at most, tells its position now and then, and shows
  // advertisements. Only a seek puts it right, and each costs a moment of loading.
  frame: {
    name: 'frame',
    enterMs: 600,
    leaveMs: 300,
    fine: 0,
    near: 0,
    far: 0,
    settle: 0,
    seekPastMs: 1_200,
    settleSeekPastMs: 800,
  },
  relaxed: {
    name: 'relaxed',
    enterMs: 1_000,
    leaveMs: 300,
    fine: 0.01,
    near: 0.05,
    far: 0.05,
    settle: 0.05,
    seekPastMs: 10_000,
    settleSeekPastMs: 3_000,
  },
  free: {
    name: 'free',
    enterMs: Infinity,
    leaveMs: Infinity,
    fine: 0,
    near: 0,
    far: 0,
    settle: 0,
    seekPastMs: Infinity,
    settleSeekPastMs: Infinity,
  },
};
