import { describe, expect, it } from 'vitest';

import { ago, dayTime, fromPicker, spanMs, timeLeft, toPicker, until } from './when';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const noon = new Date(2026, 10, 21, 12, 0).getTime();

describe('instants in words', () => {
  it('says how long ago by the smallest unit that means something', () => {
    expect(ago(noon - 20_000, noon)).toBe('just now');
    expect(ago(noon + 5000, noon), 'clocks differ').toBe('just now');
    expect(ago(noon - 5 * MINUTE, noon)).toBe('5 min ago');
    expect(ago(noon - 3 * HOUR, noon)).toBe('3 h ago');
    expect(ago(noon - 13 * HOUR, noon)).toBe('yesterday');
    expect(ago(noon - 36 * HOUR, noon)).toBe('yesterday');
    expect(ago(noon - 2 * DAY, noon)).toBe('2 days ago');
    expect(ago(noon - 40 * DAY, noon)).toContain('2026');
  });

  it('says an hour ago also across midnight', () => {
    const night = new Date(2026, 10, 21, 0, 30).getTime();
    expect(ago(night - HOUR, night)).toBe('1 h ago');
  });

  it('counts down to the second only when it is near', () => {
    expect(until(noon + 2 * DAY + 3 * HOUR, noon)).toBe('in 2 d 3 h');
    expect(until(noon + DAY, noon)).toBe('in 1 d');
    expect(until(noon + 2 * HOUR + 5 * MINUTE, noon)).toBe('in 2 h 5 min');
    expect(until(noon + 40 * MINUTE, noon)).toBe('in 40 min');
    expect(until(noon + 4 * MINUTE + 5000, noon)).toBe('in 4:05');
    expect(until(noon, noon)).toBe('now');
  });

  it('names the year only where it is another', () => {
    expect(dayTime(noon, noon)).not.toContain('2026');
    expect(dayTime(noon, noon + 60 * DAY)).toContain('2026');
  });

  it('speaks of spans and of what is left', () => {
    expect(spanMs(90 * MINUTE)).toBe('1 h 30 min');
    expect(spanMs(5 * DAY + 3 * HOUR + MINUTE)).toBe('5 d 3 h');
    expect(timeLeft(600, 1980)).toBe('23 min left');
    expect(timeLeft(1970, 1980)).toBe('less than a minute left');
    expect(timeLeft(600, null)).toBeNull();
  });
});

describe('the date and time picker', () => {
  it('gives back the instant that was put in, to the minute', () => {
    expect(fromPicker(toPicker(noon + 30_000))).toBe(noon);
  });

  it('takes what is no time for nothing', () => {
    expect(fromPicker('')).toBeNull();
    expect(fromPicker('tomorrow')).toBeNull();
    expect(fromPicker('2026-13-45T99:99')).toBeNull();
  });
});
