import { describe, expect, it } from 'vitest';

import { finished, perMinute } from './party';

const last = (position: number, duration: number | null) => ({
  key: 'k',
  title: 'Film',
  position,
  duration,
});

describe('a past party', () => {
  it('is finished once only the credits are left', () => {
    expect(finished(last(5700, 6000))).toBe(true);
    expect(finished(last(5000, 6000))).toBe(false);
    expect(finished(last(1100, 1210)), 'long, and under two minutes left').toBe(true);
    expect(finished(last(500, 600)), 'short').toBe(false);
    expect(finished(last(5000, null))).toBe(false);
  });

  it('tells reactions per minute with no more digits than they mean', () => {
    expect(perMinute(12.4)).toBe('12');
    expect(perMinute(0.42)).toBe('0.4');
    expect(perMinute(3)).toBe('3');
    expect(perMinute(0.01)).toBe('under 0.1');
  });
});
