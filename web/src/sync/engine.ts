// The sync engine: keeps one player where the room's timeline says.
//
// Ties clock, pursuit and telling together over the `Player`, `Environment` and
// `Transport` it is given, and owns the one timer of the loop. Intent is not
// state: nothing a player does (pausing, seeking, stalling) ever becomes a
// command; the engine only follows `setTimeline`, and commands are made by the
// page from a person's gesture. What it tells goes through `onStatus` and
// `Transport.report`.

import type { SyncClassName } from './classes';
import { ServerClock, type ClockSample } from './clock';
import { ClockExchange } from './exchange';
import type { Measurement } from './measure';
import type { Environment, FrameSample, Player, PlayerEvent, PlayerReading } from './player';
import { Pursuit, type TimelineCause } from './pursuit';
import { reportOf, statusOf } from './status';
import {
  SkewHistory,
  type HistoryPoint,
  type LabSink,
  type SyncReport,
  type SyncState,
  type SyncStatus,
} from './telemetry';
import { checkTimeline, inCut, positionAt, type Timeline } from './timeline';

/** How the engine reaches the server. Both may do nothing while offline. */
export interface Transport {
  /** Sends a clock request stamped `c0`; hand the answer to `clockReply`. */
  requestClock(c0: number): void;
  report(report: SyncReport): void;
}

export interface SyncEngineOptions {
  readonly player: Player;
  readonly env: Environment;
  readonly transport: Transport;
  /** Default `normal`. */
  readonly syncClass?: SyncClassName;
  /** Receives every frame for the sync lab. */
  readonly lab?: LabSink | undefined;
}

/** Report and history cadence. */
const REPORT_MS = 1_000;
const HISTORY_MS = 200;
/** `timeupdate` events closer to the last step than this add nothing, ms. */
const EVENT_PAUSE_MS = 100;
/** While a nudge runs, frames step the loop this often, ms. */
const FRAME_STEP_MS = 20;
/** Largest offset a user may set either way, and largest output latency believed, seconds. */
const MAX_OFFSET_S = 5;
const MAX_LATENCY_S = 2;
/** Furthest that another cut of a film may lie either way: no studio puts more in front of one, seconds. */
export const MAX_CUT_S = 3_600;

/** See the head of this file. */
export class SyncEngine {
  readonly #player: Player;
  readonly #env: Environment;
  readonly #transport: Transport;
  readonly #lab: LabSink | undefined;
  readonly #clock = new ServerClock();
  readonly #exchange: ClockExchange;
  readonly #pursuit: Pursuit;
  readonly #history = new SkewHistory();
  readonly #listeners = new Set<(status: SyncStatus) => void>();
  readonly #unsubscribe: (() => void)[] = [];

  #class: SyncClassName;
  /** The room's, in the room's times; the pursuit has it in those of the cut. */
  #timeline: Timeline | null = null;
  #cutS = 0;
  #timer: number | null = null;
  #tickedAt = -Infinity;
  #reportedAt = -Infinity;
  #notedAt = -Infinity;
  #toldState: SyncState | null = null;
  #started = false;

  constructor(options: SyncEngineOptions) {
    this.#player = options.player;
    this.#env = options.env;
    this.#transport = options.transport;
    this.#lab = options.lab;
    this.#class = options.syncClass ?? 'normal';
    this.#pursuit = new Pursuit(this.#player, this.#env, this.#clock, this.#class, () => {
      this.#tick();
    });
    this.#exchange = new ClockExchange(this.#clock, this.#env, (c0) => {
      this.#transport.requestClock(c0);
    });
  }

  /** Starts following. Call once; the transport should be open. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#unsubscribe.push(
      this.#player.onEvent((event) => {
        this.#onEvent(event);
      }),
      this.#player.onFrame((frame) => {
        this.#onFrame(frame);
      }),
      this.#env.onWake(() => {
        this.#onWake();
      }),
    );
    this.#exchange.burst();
    this.#tick();
  }

  /** Stops everything and leaves the player as it is. */
  dispose(): void {
    this.#started = false;
    this.#exchange.stop();
    if (this.#timer !== null) this.#env.clearTimer(this.#timer);
    this.#timer = null;
    for (const off of this.#unsubscribe.splice(0)) off();
    this.#listeners.clear();
  }

  /** Follows a new timeline; `null` when the room has none. Stale or broken ones are refused with `false`. */
  setTimeline(timeline: Timeline | null, cause: TimelineCause = 'other'): boolean {
    if (timeline && !checkTimeline(timeline)) return false;
    const taken = this.#pursuit.take(timeline && inCut(timeline, this.#cutS), cause);
    if (!taken) return false;
    this.#timeline = timeline;
    this.#tick();
    return true;
  }

  /**
   * The player's medium is another cut: it has everything this many seconds later than the room's.
   * All that is told (positions, reports, samples) stays in the room's times.
   */
  setCut(seconds: number): void {
    if (!Number.isFinite(seconds)) return;
    const cut = Math.max(-MAX_CUT_S, Math.min(MAX_CUT_S, seconds));
    if (cut === this.#cutS) return;
    this.#cutS = cut;
    if (!this.#timeline) return;
    this.#pursuit.take(inCut(this.#timeline, cut), 'snapshot');
    this.catchUp();
  }

  /** Chooses how closely to follow; `free` plays on by itself until `catchUp`. */
  setClass(name: SyncClassName): void {
    this.#class = name;
    this.#pursuit.setClass(name);
    this.#tellSoon();
  }

  /** User's offset in ms: positive plays ahead of the room, e.g. for slow Bluetooth speakers. */
  setOffset(ms: number): void {
    if (!Number.isFinite(ms)) return;
    this.#pursuit.setOffset(Math.max(-MAX_OFFSET_S, Math.min(MAX_OFFSET_S, ms / 1000)));
  }

  /** `AudioContext.outputLatency` in ms, only when sound is routed through Web Audio. */
  setOutputLatency(ms: number): void {
    if (!Number.isFinite(ms)) return;
    this.#pursuit.setOutputLatency(Math.max(0, Math.min(MAX_LATENCY_S, ms / 1000)));
  }

  /** Hands in the server's answer to `Transport.requestClock`. */
  clockReply(sample: ClockSample): boolean {
    const first = !this.#clock.synced;
    const good = this.#exchange.reply(sample);
    if (good && first) this.#tick();
    return good;
  }

  /** Call when the socket is open again: measures the clock anew. */
  reconnected(): void {
    this.#exchange.burst();
  }

  /** Call from a person's click or key in state `needs-gesture` or while `soundBlocked`. */
  gesture(): void {
    this.#pursuit.unblock();
    this.#tellSoon();
  }

  /** Jumps to the room's position now, whatever the class. */
  catchUp(): void {
    this.#pursuit.restart();
    this.#tick();
  }

  /** Status as of now. */
  get status(): SyncStatus {
    const now = this.#env.now();
    return this.#makeStatus(now, this.#player.read(), this.#pursuit.measurement(now));
  }

  /** History for the graph, oldest first. */
  get history(): readonly HistoryPoint[] {
    return this.#history.points;
  }

  /** Calls back about five times a second and on every change of state; returns the unsubscriber. */
  onStatus(listener: (status: SyncStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True once the server's time is known well; see `ServerClock.settled`. */
  get timed(): boolean {
    return this.#clock.settled;
  }

  /** Server ms now, or null before the first exchange. */
  serverNow(): number | null {
    return this.#clock.synced ? this.#clock.serverNow(this.#env.now()) : null;
  }

  /** Room position now in seconds (without the user's offset), or null while unknown. */
  roomPosition(): number | null {
    if (!this.#timeline || !this.#clock.synced) return null;
    const now = this.#clock.serverNow(this.#env.now());
    return positionAt(this.#timeline, now, this.#player.read().duration - this.#cutS);
  }

  #onEvent(event: PlayerEvent): void {
    if (event === 'emptied') this.#pursuit.emptied();
    if (event === 'timeupdate' && this.#env.now() - this.#tickedAt < EVENT_PAUSE_MS) return;
    this.#tick();
  }

  #onFrame(frame: FrameSample): void {
    const now = this.#env.now();
    const player = this.#player.read();
    this.#lab?.push({
      t: this.#env.timeOrigin + frame.displayAt,
      presented: this.#env.timeOrigin + frame.presentedAt,
      mediaTime: frame.mediaTime - this.#cutS,
      frames: frame.presentedFrames,
      playbackRate: player.rate,
      clock: player.position - this.#cutS,
      clockAt: this.#env.timeOrigin + now,
    });
    this.#pursuit.frame(frame, player, now);
    if (this.#pursuit.nudging && now - this.#tickedAt > FRAME_STEP_MS) this.#tick();
  }

  #onWake(): void {
    this.#exchange.burst();
    this.#pursuit.wake(this.#env.now());
    this.#tick();
  }

  #tick(): void {
    if (!this.#started) return;
    const now = this.#env.now();
    this.#tickedAt = now;
    if (this.#clock.needsBurst(this.#env.wallNow(), now)) {
      this.#exchange.burst();
      this.#pursuit.wake(now);
    }
    const wait = this.#pursuit.step(now);
    this.#tell(now);
    if (this.#timer !== null) this.#env.clearTimer(this.#timer);
    this.#timer = this.#env.setTimer(() => {
      this.#timer = null;
      this.#tick();
    }, wait);
  }

  #tellSoon(): void {
    this.#notedAt = -Infinity;
    this.#tick();
  }

  #tell(now: number): void {
    const { state } = this.#pursuit;
    const changed = this.#toldState !== state;
    if (!changed && now - this.#notedAt < HISTORY_MS - 5) return;
    const player = this.#player.read();
    const status = this.#makeStatus(now, player, this.#pursuit.measurement(now));
    this.#toldState = state;
    this.#notedAt = now;
    this.#history.add({
      at: this.#stamp(now),
      skewMs: status.skewMs,
      rate: status.rate,
      state,
    });
    for (const listener of this.#listeners) listener(status);
    if (!changed && now - this.#reportedAt < REPORT_MS - 5) return;
    this.#reportedAt = now;
    this.#transport.report(reportOf(status, player));
  }

  /** Server ms where known; history is kept in it. */
  #stamp(now: number): number {
    return this.#clock.synced ? this.#clock.serverNow(now) : now;
  }

  #makeStatus(now: number, player: PlayerReading, measurement: Measurement | null): SyncStatus {
    const at = this.#stamp(now);
    return statusOf({
      state: this.#pursuit.state,
      syncClass: this.#class,
      player,
      cutS: this.#cutS,
      measurement,
      clock: this.#clock.reading,
      rate: this.#pursuit.rate,
      rateChanges: this.#pursuit.rateChanges,
      counts: this.#pursuit.counts,
      p50Ms: this.#history.percentile(0.5, at),
      p95Ms: this.#history.percentile(0.95, at),
      soundBlocked: this.#pursuit.soundBlocked,
    });
  }
}
