import { describe, expect, it } from 'vitest';

import { SYNC_CLASSES } from './classes';
import { Controller, type ControlAction, type ControlInput } from './controller';

const calm: ControlInput = {
  now: 0,
  errorMs: 0,
  spreadMs: 0.3,
  samples: 10,
  pictureMs: 0,
  frameIntervalMs: 33.3,
  roomRate: 1,
  uncertaintyMs: 0.5,
  settling: false,
  buffering: false,
  hidden: false,
  seeking: false,
};

/** Feeds the same error `times` times, 200 ms apart, and returns the last action that was one. */
function hold(
  controller: Controller,
  input: Partial<ControlInput>,
  times = 2,
  from = 10_000,
): ControlAction {
  let action: ControlAction = { kind: 'none' };
  for (let i = 0; i < times; i += 1) {
    const next = controller.step({ ...calm, ...input, now: from + i * 200 });
    if (next.kind !== 'none') action = next;
  }
  return action;
}

describe('controller', () => {
  it('leaves errors within the threshold alone', () => {
    expect(hold(new Controller(SYNC_CLASSES.normal), { errorMs: 7.5 }, 50)).toEqual({
      kind: 'none',
    });
  });

  it('does not act on one odd measurement', () => {
    expect(hold(new Controller(SYNC_CLASSES.normal), { errorMs: 40 }, 1)).toEqual({ kind: 'none' });
  });

  it('nudges small errors by resampling within 1 %, faster when behind', () => {
    const behind = hold(new Controller(SYNC_CLASSES.normal), { errorMs: 12 });
    expect(behind).toMatchObject({ kind: 'rate', preservePitch: false });
    expect(behind.kind === 'rate' && behind.rate).toBeCloseTo(1.006, 4);
    const ahead = hold(new Controller(SYNC_CLASSES.normal), { errorMs: -50 });
    expect(ahead.kind === 'rate' && ahead.rate).toBeCloseTo(0.99, 4);
  });

  it('keeps pitch for larger errors and uses the limits of the class', () => {
    const near = hold(new Controller(SYNC_CLASSES.normal), { errorMs: 150 });
    expect(near).toMatchObject({ kind: 'rate', preservePitch: true });
    expect(near.kind === 'rate' && near.rate).toBeCloseTo(1.03, 4);
    const far = hold(new Controller(SYNC_CLASSES.normal), { errorMs: -900 });
    expect(far.kind === 'rate' && far.rate).toBeCloseTo(0.92, 4);
  });

  it('keeps one rate until the error is gone, then returns to the room rate', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    hold(c, { errorMs: 20 });
    for (const [i, errorMs] of [18, 14, 9, 6, 3].entries()) {
      expect(c.step({ ...calm, now: 11_000 + i * 200, errorMs })).toEqual({ kind: 'none' });
    }
    expect(c.step({ ...calm, now: 13_000, errorMs: 1.5 })).toEqual({
      kind: 'rate',
      rate: 1,
      preservePitch: false,
    });
    expect(c.nudging).toBe(false);
  });

  it('seeks once past the bound, then keeps its distance', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    expect(c.step({ ...calm, now: 1_000, errorMs: 5_000 })).toEqual({ kind: 'seek' });
    c.noteSeek(1_000);
    expect(c.step({ ...calm, now: 2_000, errorMs: 5_000 }).kind).not.toBe('seek');
    expect(c.step({ ...calm, now: 4_500, errorMs: 5_000 })).toEqual({ kind: 'seek' });
    c.noteSeek(4_500);
    // The second within a short time doubles the pause.
    expect(c.step({ ...calm, now: 8_000, errorMs: 5_000 }).kind).not.toBe('seek');
    c.forgetSeeks();
    expect(c.step({ ...calm, now: 8_100, errorMs: 5_000 })).toEqual({ kind: 'seek' });
  });

  it('does nothing while buffering, seeking or without measurements', () => {
    for (const state of [
      { buffering: true },
      { seeking: true },
      { samples: 0 },
      { errorMs: NaN },
    ]) {
      expect(hold(new Controller(SYNC_CLASSES.normal), { errorMs: 9_000, ...state }, 20)).toEqual({
        kind: 'none',
      });
    }
  });

  it('does not nudge while hidden, and ends a nudge that runs', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    expect(hold(c, { errorMs: 300, hidden: true }, 20)).toEqual({ kind: 'none' });
    hold(c, { errorMs: 30 });
    expect(c.step({ ...calm, now: 20_000, errorMs: 30, hidden: true })).toMatchObject({
      kind: 'rate',
      rate: 1,
    });
  });

  it('tolerates more on a poor clock', () => {
    expect(
      hold(new Controller(SYNC_CLASSES.normal), { errorMs: 20, uncertaintyMs: 12 }, 20),
    ).toEqual({ kind: 'none' });
    expect(hold(new Controller(SYNC_CLASSES.normal), { errorMs: 20, spreadMs: 11 }, 20)).toEqual({
      kind: 'none',
    });
  });

  it('never corrects in class free', () => {
    expect(hold(new Controller(SYNC_CLASSES.free), { errorMs: 60_000 }, 50)).toEqual({
      kind: 'none',
    });
  });

  it('keeps pitch and multiplies at other shared rates', () => {
    const action = hold(new Controller(SYNC_CLASSES.normal), { errorMs: 20, roomRate: 1.5 });
    expect(action).toMatchObject({ kind: 'rate', preservePitch: true });
    expect(action.kind === 'rate' && action.rate).toBeCloseTo(1.515, 4);
  });

  it('rolls into a start, and not where the class is loose or the shared rate is not 1', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    expect(c.roll(1, 0)).toEqual({ rate: 1.03, preservePitch: false });
    c.rolling(50);
    expect(c.step({ ...calm, now: 150, errorMs: 0, settling: true })).toEqual({ kind: 'none' });
    expect(c.step({ ...calm, now: 260, errorMs: 0, settling: true })).toMatchObject({
      kind: 'rate',
      rate: 1,
    });
    expect(c.roll(1.25, 0).rate).toBe(1.25);
    expect(new Controller(SYNC_CLASSES.relaxed).roll(1, 0).rate).toBe(1);
  });

  it('puts a late start right by resampling, which loses nothing before it gains', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    c.roll(1, 0);
    c.rolling(60);
    const late = c.step({ ...calm, now: 160, errorMs: 45, samples: 4, settling: true });
    expect(late).toMatchObject({ kind: 'rate', preservePitch: false });
    expect(late.kind === 'rate' && late.rate).toBeCloseTo(1.2, 4);
    expect(c.step({ ...calm, now: 500, errorMs: 0.5, settling: true })).toMatchObject({ rate: 1 });
    // The same error later is no start: pitch is kept.
    const later = hold(c, { errorMs: 65, settling: true }, 2, 3_000);
    expect(later).toMatchObject({ kind: 'rate', preservePitch: true });
  });

  it('does not believe a clock that reads ahead just after a start', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    c.roll(1, 0);
    c.rolling(60);
    const ahead = { ...calm, errorMs: -70, samples: 4, settling: true };
    expect(c.step({ ...ahead, now: 120 })).toEqual({ kind: 'none' });
    expect(c.step({ ...ahead, now: 300 })).toMatchObject({ kind: 'rate', rate: 1 });
  });

  it('rolls faster into a start whose call comes late, within bounds', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    expect(c.roll(1, 0, 20).rate).toBeCloseTo(1.13, 4);
    expect(c.roll(1, 0, 140).rate).toBeCloseTo(1.23, 4);
    expect(c.roll(1, 0, -30).rate).toBeCloseTo(1.03, 4);
    expect(c.roll(1.25, 0, 30).rate).toBe(1.25);
  });

  it('lets a picture lock anew when it is off its clock, and gives up after some tries', () => {
    const c = new Controller(SYNC_CLASSES.normal);
    let rolls = 0;
    for (let now = 0; now < 300_000; now += 100) {
      const action = c.step({ ...calm, now, pictureMs: 33 });
      if (action.kind === 'rate' && action.rate !== 1) rolls += 1;
    }
    expect(rolls).toBe(3);
  });
});
