import { describe, expect, it } from 'vitest';

import { checkTimeline, inCut, instantOf, isOver, positionAt, type Timeline } from './timeline';

const base: Timeline = { position: 10, at: 1_000, rate: 1, playing: true, revision: 1 };

describe('timeline', () => {
  it('moves at its rate from its anchor', () => {
    expect(positionAt(base, 3_000)).toBe(12);
    expect(positionAt({ ...base, rate: 1.5 }, 3_000)).toBe(13);
  });

  it('holds before it takes effect and while paused', () => {
    expect(positionAt(base, 0)).toBe(10);
    expect(positionAt({ ...base, playing: false }, 9_000)).toBe(10);
  });

  it('never passes the end of the medium, whose length may be unknown', () => {
    expect(positionAt(base, 100_000, 20)).toBe(20);
    expect(positionAt(base, 100_000, NaN)).toBe(109);
    expect(isOver(base, 100_000, 20)).toBe(true);
    expect(isOver(base, 100_000, NaN)).toBe(false);
    expect(isOver(base, 100_000, Infinity)).toBe(false);
  });

  it('tells when it reaches a position', () => {
    expect(instantOf({ ...base, rate: 2 }, 12)).toBe(2_000);
    expect(positionAt(base, instantOf(base, 42.5))).toBeCloseTo(42.5, 9);
  });

  it('of another cut is the same moment there, and waits for its beginning', () => {
    expect(inCut(base, 4.5)).toEqual({ ...base, position: 14.5 });
    expect(inCut(base, -4.5)).toEqual({ ...base, position: 5.5 });
    const later = inCut({ ...base, rate: 2 }, -12);
    expect(later).toEqual({ ...base, rate: 2, position: 0, at: 2_000 });
    expect(positionAt(later, 5_000)).toBe(positionAt({ ...base, rate: 2 }, 5_000) - 12);
  });

  it('is refused when it makes no sense', () => {
    expect(checkTimeline(base)).toBe(base);
    for (const bad of [
      { position: NaN },
      { position: -1 },
      { at: Infinity },
      { rate: 0 },
      { rate: 9 },
      { revision: NaN },
    ]) {
      expect(checkTimeline({ ...base, ...bad })).toBeNull();
    }
  });
});
