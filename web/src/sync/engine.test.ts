import { describe, expect, it } from 'vitest';

import { SYNC_CLASSES } from './classes';
import { FAR, inStepAfter, LAN, MID, SimulatedRoom } from './sim/simulated-room';
import { percentile } from './telemetry';

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);
const HOUR = 3_600;

async function playing(
  seed: number,
  links = [LAN, LAN, LAN],
  leadMs = 200,
): Promise<SimulatedRoom> {
  const room = new SimulatedRoom(seed);
  for (const link of links) room.join(link);
  await room.time.run(3_000);
  room.play(leadMs);
  return room;
}

function jumps(room: SimulatedRoom, since: number): number {
  return room.clients.reduce((n, c) => n + c.count('seek', since), 0);
}

describe('pages in step', () => {
  it('start together on a LAN within 400 ms of the click and stay within 10 and 20 ms', async () => {
    const started: number[] = [];
    for (const seed of SEEDS) {
      const room = await playing(seed);
      started.push(inStepAfter(await room.watch(3_000), 40));
      const since = room.time.now;
      const steady = await room.watch(60_000);
      expect(steady.p50).toBeLessThanOrEqual(10);
      expect(steady.p95).toBeLessThanOrEqual(20);
      expect(jumps(room, since)).toBe(0);
    }
    expect(percentile(started, 0.95)).toBeLessThanOrEqual(400);
  });

  it('start together on mixed links within 900 ms and stay within 35 ms', async () => {
    const started: number[] = [];
    for (const seed of SEEDS) {
      const room = await playing(seed, [LAN, MID, FAR], 350);
      started.push(inStepAfter(await room.watch(3_000), 40));
      const since = room.time.now;
      const steady = await room.watch(60_000);
      expect(steady.p95).toBeLessThanOrEqual(35);
      expect(jumps(room, since)).toBe(0);
    }
    expect(percentile(started, 0.95)).toBeLessThanOrEqual(900);
  });

  it('are back in step soon after a seek, also into media that is not loaded', async () => {
    const after: number[] = [];
    for (const seed of SEEDS) {
      const room = await playing(seed, [LAN, MID, FAR], 350);
      await room.time.run(10_000);
      room.change({ position: 600 + seed }, 'seek');
      after.push(inStepAfter(await room.watch(6_000), 40));
      const since = room.time.now;
      await room.watch(10_000);
      expect(jumps(room, since)).toBe(0);
    }
    expect(percentile(after, 0.95)).toBeLessThanOrEqual(2_000);
  });

  it('wait for what is on its way after a seek, instead of fetching further ahead', async () => {
    const after: number[] = [];
    for (const seed of SEEDS) {
      const room = await playing(seed, [LAN, MID], 350);
      room.join(FAR, { fetchMs: 1_100, fillRate: 4 });
      await room.time.run(10_000);
      room.change({ position: 600 + seed }, 'seek');
      after.push(inStepAfter(await room.watch(8_000), 40));
    }
    expect(percentile(after, 0.95)).toBeLessThanOrEqual(2_500);
  });

  it('all rest on the very frame of a pause, and go on from it', async () => {
    for (const seed of SEEDS) {
      const room = await playing(seed, [LAN, MID, FAR], 350);
      await room.time.run(8_000);
      room.change({ playing: false }, 'pause');
      await room.time.run(2_000);
      for (const client of room.clients) {
        expect(client.player.running).toBe(false);
        expect(Math.abs(client.behindMs)).toBeLessThanOrEqual(21);
        expect(client.engine.status.state).toBe('paused');
      }
      room.play(350);
      expect(inStepAfter(await room.watch(4_000), 40)).toBeLessThanOrEqual(1_500);
    }
  });

  it('let a late joiner in within two seconds, without one jump for the others', async () => {
    for (const seed of SEEDS) {
      const room = await playing(seed, [LAN, MID], 300);
      await room.time.run(30_000);
      const since = room.time.now;
      const late = room.join(FAR);
      const watch = await room.watch(8_000);
      expect(inStepAfter(watch, 40)).toBeLessThanOrEqual(2_500);
      expect(late.count('seek', since)).toBeLessThanOrEqual(3);
      expect(room.clients[0]?.count('seek', since)).toBe(0);
      expect(room.clients[1]?.count('seek', since)).toBe(0);
    }
  });

  it('take back one that stalled, whether briefly or for long', async () => {
    for (const seed of SEEDS) {
      for (const stall of [150, 400, 2_000, 8_000]) {
        const room = await playing(seed);
        await room.time.run(10_000);
        room.clients[1]?.player.stall(stall);
        await room.time.run(stall);
        expect(inStepAfter(await room.watch(8_000), 40)).toBeLessThanOrEqual(3_500);
        expect(room.clients[0]?.count('seek', 5_000)).toBe(0);
      }
    }
  });

  it('start together although their devices take very different times to start', async () => {
    const started: number[] = [];
    for (const seed of SEEDS) {
      const room = new SimulatedRoom(seed);
      room.join(LAN, { startMs: 20, seekMs: 20 });
      room.join(LAN, { startMs: 110, startSpreadMs: 25, seekMs: 120 });
      room.join(MID, { startMs: 220, startSpreadMs: 40, seekMs: 200, fetchMs: 400 });
      await room.time.run(3_000);
      // The first start teaches, the later ones are judged.
      for (let i = 0; i < 4; i += 1) {
        room.play(350);
        const watch = await room.watch(6_000);
        if (i > 0) started.push(inStepAfter(watch, 60));
        room.change({ playing: false }, 'pause');
        await room.time.run(2_000);
      }
    }
    // A start cost that scatters by 40 ms can't be foreseen, only mended afterwards.
    expect(percentile(started, 0.95)).toBeLessThanOrEqual(1_700);
  });

  it('go on after a pause from where they stand, without a seek', async () => {
    for (const seed of SEEDS) {
      const room = await playing(seed);
      await room.time.run(5_000);
      room.change({ playing: false }, 'pause');
      await room.time.run(2_000);
      // Half a frame from where they stand: nothing that a paused picture shows.
      room.change({ position: room.timeline.position + 0.015 }, 'pause');
      await room.time.run(2_000);
      room.play(200);
      await room.time.run(1_000);
      for (const client of room.clients) expect(client.count('seek', 1_000)).toBe(0);
    }
  });

  it('follow a shared rate other than 1', async () => {
    for (const rate of [0.5, 1.25, 2]) {
      const room = await playing(7, [LAN, MID, FAR], 350);
      await room.time.run(5_000);
      room.change({ rate }, 'rate');
      await room.time.run(5_000);
      const since = room.time.now;
      const steady = await room.watch(30_000);
      expect(steady.p95).toBeLessThanOrEqual(35);
      expect(jumps(room, since)).toBe(0);
      for (const client of room.clients) expect(Math.abs(client.behindMs)).toBeLessThan(40);
    }
  });
});

describe('a single client', () => {
  it('leaves no residue when its device runs 0.3 % fast or slow', async () => {
    for (const speedError of [0.003, -0.003]) {
      const room = new SimulatedRoom(3);
      const client = room.join(LAN, { speedError });
      await room.time.run(1_000);
      room.play(200);
      await room.time.run(180_000);
      const since = room.time.now;
      const errors: number[] = [];
      for (let i = 0; i < 600; i += 1) {
        await room.time.run(100);
        errors.push(Math.abs(client.behindMs));
      }
      expect(percentile(errors, 0.95)).toBeLessThan(SYNC_CLASSES.normal.enterMs + 1);
      expect(client.count('seek', since)).toBe(0);
      expect(client.count('rate', since)).toBeLessThanOrEqual(6);
      // The base rate carries the difference, so that no nudge has to.
      expect(client.engine.status.rate * (1 + speedError)).toBeCloseTo(1, 3);
    }
  });

  it('makes no correction at all when undisturbed for an hour', async () => {
    const room = new SimulatedRoom(11);
    const client = room.join(LAN, {}, 'normal', 0);
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(5_000);
    const since = room.time.now;
    await room.time.run(HOUR * 1000);
    expect(client.count('rate', since)).toBe(0);
    expect(client.count('seek', since)).toBe(0);
  });

  it('repairs a slip of its clock by a nudge nobody hears, not by a jump', async () => {
    for (const slip of [-50, -25, 25, 50]) {
      const room = new SimulatedRoom(5);
      const client = room.join(LAN);
      await room.time.run(1_000);
      room.play(200);
      await room.time.run(10_000);
      const since = room.time.now;
      client.player.slip(slip);
      await room.time.run(8_000);
      expect(Math.abs(client.behindMs)).toBeLessThan(8);
      expect(client.count('seek', since)).toBe(0);
      const rates = client.player.calls.filter((c) => c.what === 'rate' && c.at >= since);
      expect(rates.length).toBeLessThanOrEqual(4);
      for (const r of rates) expect(Math.abs(r.value - 1)).toBeLessThanOrEqual(0.0101);
    }
  });

  it('jumps once when it is far off, and not again', async () => {
    for (const seed of SEEDS) {
      const room = new SimulatedRoom(seed);
      const client = room.join(MID);
      await room.time.run(1_000);
      room.play(300);
      await room.time.run(10_000);
      const since = room.time.now;
      client.player.slip(-5_000);
      await room.time.run(10_000);
      expect(Math.abs(client.behindMs)).toBeLessThan(20);
      expect(client.count('seek', since)).toBeLessThanOrEqual(2);
    }
  });

  it('plays ahead by the user offset', async () => {
    const room = new SimulatedRoom(2);
    const client = room.join(LAN);
    client.engine.setOffset(180);
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(10_000);
    expect(client.behindMs).toBeGreaterThan(-190);
    expect(client.behindMs).toBeLessThan(-170);
    expect(Math.abs(client.engine.status.clockSkewMs ?? 99)).toBeLessThan(10);
  });

  it('steers by frames where the browser tells the position in coarse steps', async () => {
    const room = new SimulatedRoom(4);
    const client = room.join(LAN, { clockStepMs: 250 });
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(15_000);
    const since = room.time.now;
    await room.time.run(30_000);
    expect(Math.abs(client.behindMs)).toBeLessThan(35);
    expect(client.count('seek', since)).toBe(0);
  });

  it('goes without corrections while hidden and is in step soon after it returns', async () => {
    const room = new SimulatedRoom(6);
    const client = room.join(LAN, { speedError: 0.001 });
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(5_000);
    client.setHidden(true);
    await room.time.run(3_000);
    expect(client.engine.status.state).toBe('hidden');
    const since = room.time.now;
    await room.time.run(120_000);
    expect(client.count('seek', since)).toBe(0);
    expect(client.count('rate', since)).toBe(0);
    client.setHidden(false);
    await room.time.run(3_000);
    expect(Math.abs(client.behindMs)).toBeLessThan(15);
    expect(client.engine.status.state).toBe('playing');
  });

  it('finds its place again after the device slept', async () => {
    const room = new SimulatedRoom(8);
    const client = room.join(MID);
    await room.time.run(1_000);
    room.play(300);
    await room.time.run(10_000);
    await client.sleep(600_000);
    await room.time.run(4_000);
    expect(Math.abs(client.behindMs)).toBeLessThan(25);
  });

  it('holds at the start position until a start scheduled for later', async () => {
    const room = new SimulatedRoom(9);
    const client = room.join(LAN);
    await room.time.run(1_000);
    room.change({ playing: true, position: 40, at: room.serverNow() + 3_000 }, 'play');
    await room.time.run(2_000);
    expect(client.engine.status.state).toBe('holding');
    expect(client.player.truePosition).toBeCloseTo(40, 2);
    await room.time.run(3_000);
    expect(Math.abs(client.behindMs)).toBeLessThan(15);
  });

  it('ends with the medium and stays there', async () => {
    const room = new SimulatedRoom(10);
    const client = room.join(LAN, { duration: 20 });
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(30_000);
    expect(client.engine.status.state).toBe('ended');
    const since = room.time.now;
    await room.time.run(30_000);
    expect(client.count('play', since)).toBe(0);
    expect(client.count('seek', since)).toBe(0);
  });

  it('waits out a stall without touching the player', async () => {
    const room = new SimulatedRoom(12);
    const client = room.join(LAN);
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(6_000);
    client.player.stall(5_000);
    const since = room.time.now;
    await room.time.run(4_900);
    expect(client.engine.status.state).toBe('buffering');
    expect(client.count('seek', since)).toBe(0);
    expect(client.engine.status.stalls).toBe(1);
  });

  it('starts without sound where the browser insists, and asks for a gesture', async () => {
    const room = new SimulatedRoom(13);
    room.time.settlePromises();
    const client = room.join(LAN, { autoplay: 'muted' });
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(5_000);
    expect(client.engine.status.soundBlocked).toBe(true);
    expect(client.player.running).toBe(true);
    expect(Math.abs(client.behindMs)).toBeLessThan(40);
    client.engine.gesture();
    expect(client.player.read().muted).toBe(false);
    expect(client.engine.status.soundBlocked).toBe(false);
  });

  it('says that it needs a gesture where even silence is refused, and joins after it', async () => {
    const room = new SimulatedRoom(14);
    room.time.settlePromises();
    const client = room.join(LAN, { autoplay: 'blocked' });
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(5_000);
    expect(client.engine.status.state).toBe('needs-gesture');
    client.player.allowPlay();
    client.engine.gesture();
    await room.time.run(4_000);
    expect(client.engine.status.state).toBe('playing');
    expect(client.player.read().muted).toBe(false);
    expect(Math.abs(client.behindMs)).toBeLessThan(20);
  });

  it('plays on by itself in class free, and catches up when told', async () => {
    const room = new SimulatedRoom(15);
    const client = room.join(LAN);
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(6_000);
    client.engine.setClass('free');
    client.player.slip(-20_000);
    const since = room.time.now;
    await room.time.run(20_000);
    expect(client.count('seek', since) + client.count('rate', since)).toBe(0);
    client.engine.catchUp();
    await room.time.run(3_000);
    expect(Math.abs(client.behindMs)).toBeLessThan(100);
  });

  it('refuses garbage and stale timelines and goes on as before', async () => {
    const room = new SimulatedRoom(16);
    const client = room.join(LAN);
    await room.time.run(1_000);
    room.play(200);
    await room.time.run(6_000);
    const good = room.timeline;
    const { engine } = client;
    for (const bad of [
      { ...good, position: NaN },
      { ...good, position: -5 },
      { ...good, at: Infinity },
      { ...good, rate: 0 },
      { ...good, rate: 1e9 },
      { ...good, revision: good.revision - 1 },
    ]) {
      expect(engine.setTimeline(bad, 'seek')).toBe(false);
    }
    expect(engine.clockReply({ c0: NaN, s1: 0, s2: 0, c1: 1 })).toBe(false);
    engine.setOffset(NaN);
    engine.setOutputLatency(Infinity);
    await room.time.run(5_000);
    expect(Math.abs(client.behindMs)).toBeLessThan(10);
  });

  it('follows with another cut of the film, and tells of it in the room’s times', async () => {
    const room = new SimulatedRoom(19);
    const client = room.join(LAN);
    await room.time.run(1_000);
    client.engine.setCut(12);
    room.play(200);
    await room.time.run(8_000);
    expect(Math.abs(client.behindMs + 12_000)).toBeLessThan(20);
    expect(client.engine.status.position).toBeCloseTo(room.position(), 1);
    expect(client.engine.roomPosition()).toBeCloseTo(room.position(), 1);
    expect(Math.abs(client.engine.status.skewMs ?? 1e9)).toBeLessThan(40);
    expect(client.reports.at(-1)?.position).toBeLessThan(9);
    client.engine.setCut(-30);
    const since = room.time.now;
    await room.time.run(10_000);
    // This cut begins 30 s into the room's: it waits there instead of seeking again and again.
    expect(client.player.running).toBe(false);
    expect(client.count('seek', since)).toBeLessThanOrEqual(2);
    await room.time.run(20_000);
    expect(Math.abs(client.behindMs - 30_000)).toBeLessThan(20);
  });

  it('tells the server about itself about once a second, and when it is ready', async () => {
    const room = new SimulatedRoom(17);
    const client = room.join(LAN);
    await room.time.run(3_000);
    expect(client.reports.at(-1)).toMatchObject({ state: 'paused', ready: true });
    room.play(200);
    await room.time.run(5_000);
    const before = client.reports.length;
    await room.time.run(10_000);
    const told = client.reports.length - before;
    expect(told).toBeGreaterThanOrEqual(8);
    expect(told).toBeLessThanOrEqual(11);
    expect(client.reports.at(-1)?.state).toBe('playing');
    expect(client.player.calls.some((c) => Number.isNaN(c.value))).toBe(false);
  });

  it('shows an error in words and lets the player be', async () => {
    const room = new SimulatedRoom(18);
    const client = room.join(LAN);
    await room.time.run(1_000);
    client.player.fail('This browser cannot play the video.');
    await room.time.run(1_000);
    expect(client.engine.status).toMatchObject({
      state: 'error',
      error: 'This browser cannot play the video.',
    });
    expect(client.reports.at(-1)?.ready).toBe(false);
  });
});
