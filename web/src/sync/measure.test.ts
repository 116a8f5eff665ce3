import { describe, expect, it } from 'vitest';

import { ACTUATION_MS, Measure } from './measure';

/** Samples of a player that is `behindMs` behind at `from` and runs at `rate` against a room at 1. */
function feed(m: Measure, from: number, to: number, behindMs: number, rate = 1): void {
  for (let t = from; t <= to; t += 20) {
    const expected = t / 1000;
    m.addClock(t, expected - behindMs / 1000 + ((rate - 1) * (t - from)) / 1000, expected);
  }
}

describe('measurement', () => {
  it('tells expected minus measured, positive when behind', () => {
    const m = new Measure();
    feed(m, 0, 400, 25);
    expect(m.at(400).errorMs).toBeCloseTo(25, 6);
    expect(m.at(400).spreadMs).toBeCloseTo(0, 6);
  });

  it('foresees what a rate set now will have done by the time it acts', () => {
    const m = new Measure();
    m.setRate(1, 1.1, -ACTUATION_MS);
    feed(m, 0, 400, 100, 1.1);
    // 40 ms gained until now, 9 more until a new rate could take effect.
    expect(m.at(400).errorMs).toBeCloseTo(100 - 40 - 0.1 * ACTUATION_MS, 3);
  });

  it('is not moved by one wild sample', () => {
    const m = new Measure();
    feed(m, 0, 300, 5);
    m.addClock(310, 0, 9_999);
    expect(m.at(310).errorMs).toBeCloseTo(5, 6);
  });

  it('averages the picture over the steps of its frames', () => {
    const m = new Measure();
    // 24 fps on 60 Hz: frames stay for 2 and 3 refreshes in turn.
    let t = 0;
    for (let i = 0; i < 24; i += 1) {
      m.addFrame(
        { mediaTime: i / 24, displayAt: t, presentedAt: t, presentedFrames: i },
        i / 24,
        t / 1000,
      );
      t += i % 2 === 0 ? 33.33 : 50;
    }
    expect(Math.abs(m.at(t).pictureMs ?? 99)).toBeLessThan(6);
  });

  it('trusts frames where the clock moves in coarse steps', () => {
    const m = new Measure();
    for (let i = 0; i < 30; i += 1) {
      const t = i * 33.3;
      const at = t / 1000;
      m.addFrame(
        { mediaTime: at, displayAt: t, presentedAt: t, presentedFrames: i },
        at - 0.02,
        at,
      );
      m.addClock(t, Math.floor(at / 0.25) * 0.25, at);
    }
    expect(m.at(966).errorMs).toBeCloseTo(20, 1);
  });

  it('says nothing when it knows nothing, and ignores garbage', () => {
    const m = new Measure();
    m.addClock(0, NaN, 1);
    m.addFrame({ mediaTime: NaN, displayAt: 0, presentedAt: 0, presentedFrames: 0 }, NaN, 1);
    expect(m.at(10)).toMatchObject({ samples: 0, pictureMs: null });
  });
});
