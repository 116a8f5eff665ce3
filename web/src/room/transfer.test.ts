import { describe, expect, it } from 'vitest';

import { percent, type Sample, sampled, sizeText, speedOf, travelText } from './transfer';

describe('a transfer in words', () => {
  it('tells the speed of the last while, not of one packet', () => {
    let samples: Sample[] = [];
    for (let at = 0; at <= 20_000; at += 500) samples = sampled(samples, { at, sent: at * 1000 });
    expect(speedOf(samples, 20_000)).toBeCloseTo(1_000_000, -3);
    expect(samples.length).toBeLessThan(20);
  });

  it('says nothing of a speed before it is known, and starts over after a cut', () => {
    expect(speedOf([], 0)).toBeNull();
    expect(speedOf([{ at: 0, sent: 9 }], 100)).toBeNull();
    expect(sampled([{ at: 0, sent: 900 }], { at: 50, sent: 100 })).toEqual([{ at: 50, sent: 100 }]);
  });

  it('slows down while nothing goes out', () => {
    const samples = [
      { at: 0, sent: 0 },
      { at: 1000, sent: 1000 },
    ];
    expect(speedOf(samples, 4000)).toBe(250);
  });

  it('never says 100 % of what is not whole', () => {
    expect(percent(999_999, 1_000_000)).toBe(99);
    expect(percent(1_000_000, 1_000_000)).toBe(100);
    expect(percent(0, 0)).toBe(100);
  });

  it('names sizes as people know them', () => {
    expect([500, 1500, 12_345_678, 999_999, 4_700_000_000].map(sizeText)).toEqual([
      '500 B',
      '1.5 kB',
      '12 MB',
      '1.0 MB',
      '4.7 GB',
    ]);
    expect(travelText(12e6, 700e6, 2e6)).toBe('12 MB of 700 MB · 2.0 MB/s · 6 min left');
    expect(travelText(0, 700e6, null)).toBe('0 B of 700 MB');
  });
});
