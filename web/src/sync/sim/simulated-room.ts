// A room of simulated clients: one server clock, one link per client with its
// own delay, jitter and asymmetry, real engines over simulated players.
// Answers the questions the sync lab asks of real pages.

import type { SyncClassName } from '../classes';
import { SyncEngine } from '../engine';
import type { TimelineCause } from '../pursuit';
import type { SyncReport } from '../telemetry';
import { percentile } from '../telemetry';
import { positionAt, type Timeline } from '../timeline';
import { SimulatedPlayer, type PlayerHabits } from './simulated-player';
import { seeded, VirtualTime } from './virtual-time';

/** One direction's delay is uniform in `delayMs ± jitterMs`, plus `asymmetryMs` upwards only. */
export interface LinkHabits {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly asymmetryMs?: number;
}

/** The profiles of the sync lab; figures there are round trips, here one way. */
export const LAN: LinkHabits = { delayMs: 0.4, jitterMs: 0.2 };
export const MID: LinkHabits = { delayMs: 20, jitterMs: 5 };
export const FAR: LinkHabits = { delayMs: 60, jitterMs: 20 };

/** Server clock minus virtual time, ms: nothing may depend on the two being alike. */
const SERVER_EPOCH = 1_700_000_000_000;

export class SimulatedClient {
  readonly player: SimulatedPlayer;
  readonly engine: SyncEngine;
  readonly reports: SyncReport[] = [];
  link: LinkHabits;
  hidden = false;
  /** Ms the monotonic clock stood still (sleep). */
  slept = 0;
  #asleep = false;
  #deferred: (() => void)[] = [];
  readonly #wake = new Set<() => void>();
  readonly #room: SimulatedRoom;

  constructor(
    room: SimulatedRoom,
    link: LinkHabits,
    habits: Partial<PlayerHabits>,
    syncClass: SyncClassName,
    clockPpm: number,
  ) {
    this.#room = room;
    this.link = link;
    const { time, chance } = room;
    const origin = chance() * 1e6;
    const local = (virtual: number): number =>
      origin + (virtual - this.slept) * (1 + clockPpm * 1e-6);
    this.player = new SimulatedPlayer(time, chance, habits, local);
    this.engine = new SyncEngine({
      player: this.player,
      syncClass,
      env: {
        now: () => local(time.now),
        wallNow: () => 5e11 + time.now,
        timeOrigin: 0,
        setTimer: (run, delayMs) =>
          time.after(this.hidden ? Math.max(1_000, delayMs) : delayMs, () => {
            if (this.#asleep) this.#deferred.push(run);
            else run();
          }),
        clearTimer: (id) => {
          time.cancel(id);
        },
        hidden: () => this.hidden,
        onWake: (listener) => {
          this.#wake.add(listener);
          return () => this.#wake.delete(listener);
        },
      },
      transport: {
        requestClock: (c0) => {
          this.#exchange(c0, local);
        },
        report: (report) => this.reports.push(report),
      },
    });
  }

  /** One way over the link, ms. */
  delay(up: boolean): number {
    const { delayMs, jitterMs, asymmetryMs = 0 } = this.link;
    const jitter = (this.#room.chance() * 2 - 1) * jitterMs;
    return Math.max(0.05, delayMs + jitter + (up ? asymmetryMs : 0));
  }

  /** Hides or shows the page. */
  setHidden(hidden: boolean): void {
    this.hidden = hidden;
    this.player.setHidden(hidden);
    this.wake();
  }

  wake(): void {
    for (const listener of this.#wake) listener();
  }

  /** The device sleeps for `ms`: nothing runs, and the monotonic clock and the medium stand still. */
  async sleep(ms: number): Promise<void> {
    this.#asleep = true;
    this.player.setHidden(true);
    await this.#room.time.run(ms);
    this.player.slip(-ms);
    this.player.setHidden(false);
    this.slept += ms;
    this.#asleep = false;
    for (const run of this.#deferred.splice(0)) run();
  }

  /** True error now: room position minus player position, ms; positive is behind. */
  get behindMs(): number {
    return (this.#room.position() - this.player.truePosition) * 1000;
  }

  count(what: string, since: number): number {
    return this.player.calls.filter((c) => c.what === what && c.at >= since).length;
  }

  #exchange(c0: number, local: (virtual: number) => number): void {
    const { time } = this.#room;
    time.after(this.delay(true), () => {
      const s1 = this.#room.serverNow();
      time.after(0.05, () => {
        const s2 = this.#room.serverNow();
        time.after(this.delay(false), () => {
          if (!this.#asleep) this.engine.clockReply({ c0, s1, s2, c1: local(time.now) });
        });
      });
    });
  }
}

/** See the head of this file. */
export class SimulatedRoom {
  readonly time = new VirtualTime();
  readonly chance: () => number;
  readonly clients: SimulatedClient[] = [];
  timeline: Timeline;

  constructor(seed: number) {
    this.chance = seeded(seed);
    this.timeline = { position: 0, at: this.serverNow(), rate: 1, playing: false, revision: 1 };
  }

  serverNow(): number {
    return SERVER_EPOCH + this.time.now;
  }

  position(): number {
    return positionAt(this.timeline, this.serverNow());
  }

  /** A client joins and is told the timeline. */
  join(
    link: LinkHabits,
    habits: Partial<PlayerHabits> = {},
    syncClass: SyncClassName = 'normal',
    clockPpm = (this.chance() * 2 - 1) * 20,
  ): SimulatedClient {
    const client = new SimulatedClient(this, link, habits, syncClass, clockPpm);
    this.clients.push(client);
    client.engine.start();
    this.#tell(client, 'snapshot');
    return client;
  }

  /** The server changes the timeline and tells everyone. */
  change(change: Partial<Timeline>, cause: TimelineCause): void {
    const now = this.serverNow();
    this.timeline = {
      ...this.timeline,
      position: this.position(),
      at: now,
      ...change,
      revision: this.timeline.revision + 1,
    };
    for (const client of this.clients) this.#tell(client, cause);
  }

  /** Scheduled start, `leadMs` ahead. */
  play(leadMs: number): void {
    this.change({ playing: true, at: this.serverNow() + leadMs }, 'play');
  }

  /** Runs for `ms`, sampling the widest pairwise skew every 20 ms; skews in ms. */
  async watch(ms: number): Promise<Watch> {
    const started = this.time.now;
    const widest: { readonly at: number; readonly ms: number }[] = [];
    const pairs: number[] = [];
    while (this.time.now - started < ms) {
      await this.time.run(20);
      const positions = this.clients.map((c) => c.player.truePosition * 1000);
      const allRun = this.clients.every((c) => c.player.running);
      let max = allRun ? 0 : Infinity;
      for (let i = 0; i < positions.length; i += 1) {
        for (let j = i + 1; j < positions.length; j += 1) {
          const skew = Math.abs((positions[i] ?? 0) - (positions[j] ?? 0));
          pairs.push(skew);
          if (allRun) max = Math.max(max, skew);
        }
      }
      widest.push({ at: this.time.now - started, ms: max });
    }
    return { widest, p50: percentile(pairs, 0.5) ?? 0, p95: percentile(pairs, 0.95) ?? 0 };
  }

  #tell(client: SimulatedClient, cause: TimelineCause): void {
    const timeline = this.timeline;
    this.time.after(client.delay(false), () => {
      client.engine.setTimeline(timeline, cause);
    });
  }
}

export interface Watch {
  readonly widest: readonly { readonly at: number; readonly ms: number }[];
  readonly p50: number;
  readonly p95: number;
}

/** Ms after which all clients run and stay within `limitMs` of each other. */
export function inStepAfter(watch: Watch, limitMs: number): number {
  const last = watch.widest.findLast((w) => w.ms > limitMs);
  return last?.at ?? 0;
}
