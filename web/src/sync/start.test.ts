import { describe, expect, it } from 'vitest';

import { Cue } from './cue';
import type { PlayerReading } from './player';
import { LearnedCost, StartCosts } from './start';

const ready: PlayerReading = {
  position: 10,
  paused: true,
  ended: false,
  seeking: false,
  readyState: 4,
  duration: 100,
  bufferedAhead: 10,
  rate: 1,
  muted: false,
  error: null,
};

describe('learned costs', () => {
  it('come close after a few observations and shrug off an outlier', () => {
    const cost = new LearnedCost(60, 600);
    for (const ms of [200, 210, 195, 205, 200]) cost.learn(ms);
    expect(cost.mean).toBeGreaterThan(175);
    cost.learn(1e9);
    expect(cost.mean).toBeLessThan(320);
    cost.learn(NaN);
    expect(Number.isFinite(cost.mean)).toBe(true);
  });

  it('aim further ahead for media that must be fetched, and with every failed attempt', () => {
    const costs = new StartCosts();
    expect(costs.lead(false, 0, 120)).toBeGreaterThan(costs.lead(true, 0, 120) + 300);
    expect(costs.lead(true, 1, 0)).toBeGreaterThan(costs.lead(true, 0, 0));
    expect(costs.lead(false, 20, 1e6)).toBeLessThanOrEqual(6_000);
  });
});

describe('cue', () => {
  const cue = (attempt = 0): Cue =>
    new Cue(new StartCosts(), { position: 10, attempt, now: 0, seeks: true, loaded: true });

  it('waits for the medium, then for the moment, and starts early by the start-up cost', () => {
    const c = cue();
    expect(c.step(10, { ...ready, seeking: true }, 500, true).kind).toBe('wait');
    expect(c.ready).toBe(false);
    expect(c.step(50, ready, 460, true).kind).toBe('wait');
    expect(c.ready).toBe(true);
    expect(c.step(440, ready, 70, true)).toEqual({ kind: 'start' });
  });

  it('starts at once when a little late, and aims anew when too late', () => {
    expect(cue().step(50, ready, -20, true)).toEqual({ kind: 'start' });
    expect(cue().step(50, ready, -900, true)).toEqual({ kind: 'again' });
    expect(cue(3).step(50, ready, -900, true)).toEqual({ kind: 'start' });
  });
});
