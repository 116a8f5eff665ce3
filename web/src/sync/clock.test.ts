import { describe, expect, it } from 'vitest';

import { ServerClock } from './clock';
import { seeded } from './sim/virtual-time';

const EPOCH = 1_700_000_000_000;

/** Feeds `count` exchanges every `everyMs`; offsets and delays in ms. Returns the local time after. */
function feed(
  clock: ServerClock,
  chance: () => number,
  link: { up: number; down: number; jitter: number },
  run: { from: number; count: number; everyMs: number; offset?: number; ppm?: number },
): number {
  let now = run.from;
  for (let i = 0; i < run.count; i += 1) {
    const drift = (now - run.from) * (run.ppm ?? 0) * 1e-6;
    const offset = (run.offset ?? EPOCH) + drift;
    const up = link.up + (chance() * 2 - 1) * link.jitter;
    const down = link.down + (chance() * 2 - 1) * link.jitter;
    const s1 = now + up + offset;
    clock.add({ c0: now, s1, s2: s1 + 0.1, c1: now + up + 0.1 + down });
    now += run.everyMs;
  }
  return now;
}

const error = (clock: ServerClock, now: number, offset = EPOCH): number =>
  clock.serverNow(now) - now - offset;

describe('server clock', () => {
  it('is settled at once on a LAN and after a burst elsewhere', () => {
    const near = new ServerClock();
    expect(near.settled).toBe(false);
    feed(near, seeded(1), { up: 1, down: 1, jitter: 0 }, { from: 0, count: 1, everyMs: 60 });
    expect(near.settled).toBe(true);
    const far = new ServerClock();
    const link = { up: 120, down: 120, jitter: 40 };
    const now = feed(far, seeded(1), link, { from: 0, count: 7, everyMs: 40 });
    expect(far.settled).toBe(false);
    feed(far, seeded(2), link, { from: now, count: 1, everyMs: 40 });
    expect(far.settled).toBe(true);
  });

  it('keeps what an idle link told when a film queues in front of later answers', () => {
    const clock = new ServerClock();
    const link = { up: 120, down: 120, jitter: 40 };
    let now = feed(clock, seeded(3), link, { from: 0, count: 8, everyMs: 40 });
    const before = Math.abs(error(clock, now));
    now = feed(clock, seeded(4), { ...link, down: 220 }, { from: now, count: 30, everyMs: 1_000 });
    expect(Math.abs(error(clock, now))).toBeLessThan(before + 3);
  });

  it('knows the time to a few ms after one burst over a link of 120±40 ms', () => {
    const errors: number[] = [];
    for (let seed = 1; seed <= 200; seed += 1) {
      const clock = new ServerClock();
      const now = feed(
        clock,
        seeded(seed),
        { up: 60, down: 60, jitter: 20 },
        { from: 0, count: 8, everyMs: 60 },
      );
      errors.push(Math.abs(error(clock, now)));
    }
    errors.sort((a, b) => a - b);
    expect(errors[100]).toBeLessThan(2.5);
    expect(errors[190]).toBeLessThan(9);
  });

  it('knows it to about a millisecond after a minute, and says how well', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const clock = new ServerClock();
      const now = feed(
        clock,
        seeded(seed),
        { up: 60, down: 60, jitter: 20 },
        { from: 0, count: 60, everyMs: 1_000 },
      );
      expect(Math.abs(error(clock, now))).toBeLessThan(3);
      expect(clock.reading.uncertaintyMs).toBeLessThan(3);
      expect(clock.reading.delayMs).toBeGreaterThan(75);
      expect(clock.reading.delayMs).toBeLessThan(125);
    }
  });

  it('is not misled when one direction jitters and the other does not', () => {
    const chance = seeded(3);
    const clock = new ServerClock();
    let now = 0;
    for (let i = 0; i < 40; i += 1) {
      const down = 20 + chance() * 150;
      const s1 = now + 20 + EPOCH;
      clock.add({ c0: now, s1, s2: s1, c1: now + 20 + down });
      now += 500;
    }
    expect(Math.abs(error(clock, now))).toBeLessThan(5);
  });

  it('never claims less than half the round trip as its hard bound', () => {
    const clock = new ServerClock();
    const now = feed(
      clock,
      seeded(1),
      { up: 80, down: 20, jitter: 0 },
      { from: 0, count: 20, everyMs: 100 },
    );
    expect(Math.abs(error(clock, now))).toBeCloseTo(30, 0);
    expect(clock.reading.errorBoundMs).toBeGreaterThanOrEqual(29.9);
  });

  it('follows crystals that drift, without ever jerking', () => {
    const clock = new ServerClock();
    const chance = seeded(5);
    let now = feed(
      clock,
      chance,
      { up: 20, down: 20, jitter: 5 },
      { from: 0, count: 8, everyMs: 60 },
    );
    let last = clock.serverNow(now);
    let lastAt = now;
    for (let i = 0; i < 600; i += 1) {
      const offset = EPOCH + now * 20e-6;
      now = feed(
        clock,
        chance,
        { up: 20, down: 20, jitter: 5 },
        { from: now, count: 1, everyMs: 1_000, offset },
      );
      const at = clock.serverNow(now);
      expect(Math.abs(at - last - (now - lastAt))).toBeLessThan(6);
      last = at;
      lastAt = now;
    }
    expect(Math.abs(error(clock, now, EPOCH + now * 20e-6))).toBeLessThan(4);
  });

  it('starts anew when a sample contradicts all others, as after sleep', () => {
    const clock = new ServerClock();
    const chance = seeded(6);
    const link = { up: 5, down: 5, jitter: 2 };
    let now = feed(clock, chance, link, { from: 0, count: 30, everyMs: 200 });
    now = feed(clock, chance, link, {
      from: now,
      count: 8,
      everyMs: 60,
      offset: EPOCH + 3_600_000,
    });
    expect(Math.abs(error(clock, now, EPOCH + 3_600_000))).toBeLessThan(3);
  });

  it('asks for a burst when wall and monotonic clock part, and only then', () => {
    const clock = new ServerClock();
    expect(clock.needsBurst(1_000_000, 0)).toBe(false);
    expect(clock.needsBurst(1_060_000, 60_000)).toBe(false);
    expect(clock.needsBurst(1_760_000, 60_500)).toBe(true);
    expect(clock.nextExchangeIn()).toBeLessThanOrEqual(100);
    expect(clock.needsBurst(1_761_000, 61_500)).toBe(false);
  });

  it('asks quickly at first and slowly later', () => {
    const clock = new ServerClock();
    expect(clock.nextExchangeIn()).toBeLessThanOrEqual(100);
    feed(clock, seeded(1), { up: 1, down: 1, jitter: 0.2 }, { from: 0, count: 8, everyMs: 60 });
    expect(clock.nextExchangeIn()).toBe(1_000);
    feed(
      clock,
      seeded(1),
      { up: 1, down: 1, jitter: 0.2 },
      { from: 480, count: 60, everyMs: 1_000 },
    );
    expect(clock.nextExchangeIn()).toBe(10_000);
  });

  it('refuses garbage', () => {
    const clock = new ServerClock();
    for (const bad of [
      { c0: NaN, s1: 1, s2: 1, c1: 2 },
      { c0: 5, s1: 1, s2: 1, c1: 2 },
      { c0: 0, s1: 9, s2: 1, c1: 2 },
      { c0: 0, s1: 0, s2: 500, c1: 2 },
      { c0: 0, s1: 0, s2: 0, c1: 60_000 },
    ]) {
      expect(clock.add(bad)).toBe(false);
    }
    expect(clock.synced).toBe(false);
  });
});
