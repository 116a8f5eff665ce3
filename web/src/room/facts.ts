// What this player tells the room of itself: that it is ready, how long its film is, how it is
// doing. Facts, never wishes: nothing here asks the room for anything.
import type { Report } from '../net/protocol';
import type { PlayerReading, SyncReport } from '../sync';
import { STATES } from './follow-class';
import type { ItemId, Snapshot } from './model';

export interface FactLinks {
  report: (report: Report) => void;
  ready: (item: ItemId, ready: boolean) => void;
  duration: (item: ItemId, seconds: number) => void;
}

/** The player as it stands, for whether it is ready. */
export interface Standing {
  player: PlayerReading;
  room: Snapshot;
  item: ItemId;
  /** Seconds that what is loaded has everything later than the room's film. */
  cut: number;
  /** Where what is loaded ends, film seconds. */
  bufferedEnd: number;
  /** A player that takes no orders keeps nobody waiting. */
  loose: boolean;
}

/** Loaded ahead of the position before a player calls itself ready, s; and how close to it. */
const READY_BUFFER_S = 2;
const READY_SLACK_S = 0.5;
/** Several members may learn a length at once; the first is enough. */
const DURATION_SPREAD_MS = 1500;

export class Facts {
  readonly #links: FactLinks;
  #readySent: boolean | null = null;

  constructor(links: FactLinks) {
    this.#links = links;
  }

  /** What was told holds no more: another film, another source, another connection. */
  reset(): void {
    this.#readySent = null;
  }

  /** A barrier that waits for us although we said so is a new one. */
  barrier(room: Snapshot): void {
    if (room.barrier?.waiting.includes(room.you.member) && this.#readySent) this.#readySent = null;
  }

  /** Told at once, not with the next report: a whole room may be waiting for it. */
  ready({ player, room, item, cut, bufferedEnd, loose }: Standing): void {
    const here = player.position - cut;
    // What another cut does not have, it waits for at its beginning.
    const goal = Math.max(-cut, room.timeline.position);
    const there = room.timeline.playing || Math.abs(here - goal) < READY_SLACK_S;
    const { readyState } = player;
    const loaded = readyState === 4 || (readyState === 3 && bufferedEnd - here >= READY_BUFFER_S);
    const ready = loose || (loaded && there && !player.seeking && player.error === null);
    // While playing, a stall is no un-readiness: nobody waits for it.
    if (ready === this.#readySent || (!ready && room.timeline.playing)) return;
    this.#readySent = ready;
    this.#links.ready(item, ready);
  }

  /** Tells a film's length that was learnt by loading it, where `wanted` still says so by then. */
  duration(item: ItemId, seconds: number, wanted: () => boolean): void {
    setTimeout(() => {
      if (wanted()) this.#links.duration(item, seconds);
    }, Math.random() * DURATION_SPREAD_MS);
  }

  /** `live`: everybody is as live as their line lets them be, there is nothing to measure. */
  report(report: SyncReport, live: boolean): void {
    this.#links.report({
      position: report.position,
      skew: live ? null : report.skew_ms,
      buffer: report.buffer_s,
      delay: report.delay_ms,
      jitter: report.jitter_ms,
      state: STATES[report.state],
    });
  }
}
