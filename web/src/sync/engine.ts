// The sync engine: keeps one player where the room's timeline says.
//
// It ties clock, timeline, measurement, controller and cue together over the
// `Player`, `Environment` and `Transport` it is given. Intent is not state:
// nothing a player does (pausing, seeking, stalling) ever becomes a command;
// the engine only follows `setTimeline`, and commands are made by the page from
// a person's gesture. What it tells goes through `onStatus` and
// `Transport.report`.

import { SYNC_CLASSES, type SyncClassName } from './classes';
import { ServerClock, type ClockSample } from './clock';
import { Controller, ROLL_MS, ROLL_NUDGE } from './controller';
import { Cue } from './cue';
import { ClockExchange } from './exchange';
import { Measure, type Measurement } from './measure';
import {
  FUTURE_DATA,
  type Environment,
  type FrameSample,
  type Player,
  type PlayerEvent,
  type PlayerReading,
} from './player';
import { RateDrive } from './rate-drive';
import { StartCosts } from './start';
import { reportOf, statusOf, type Counts } from './status';
import {
  SkewHistory,
  type HistoryPoint,
  type LabSink,
  type SyncReport,
  type SyncState,
  type SyncStatus,
} from './telemetry';
import { checkTimeline, instantOf, isOver, positionAt, type Timeline } from './timeline';

/** How the engine reaches the server. Both may do nothing while offline. */
export interface Transport {
  /** Sends a clock request stamped `c0`; hand the answer to `clockReply`. */
  requestClock(c0: number): void;
  report(report: SyncReport): void;
}

/** Why a timeline changed; only a seek is treated specially (it is followed exactly). */
export type TimelineCause = 'snapshot' | 'play' | 'pause' | 'seek' | 'rate' | 'media' | 'other';

export interface SyncEngineOptions {
  readonly player: Player;
  readonly env: Environment;
  readonly transport: Transport;
  /** Default `normal`. */
  readonly syncClass?: SyncClassName;
  /** Receives every frame for the sync lab. */
  readonly lab?: LabSink | undefined;
}

/** Settling phase after a start or stall: stronger nudges are allowed, ms. */
const SETTLE_MS = 3_000;
/** A paused picture further off than this is put right, seconds (one frame at 50 fps). */
const PAUSED_SLACK_S = 0.02;
/** A cue this close to the player's position needs no seek, seconds. */
const CUE_SLACK_S = 0.004;
/** A person's seek is followed by a jump when it moves further than this, ms. */
const SEEK_FOLLOW_MS = 120;
/** Report and history cadence. */
const REPORT_MS = 1_000;
const HISTORY_MS = 200;
/** When a start's real cost can be read off the running clock, ms after `play()`. */
const LEARN_START_MS = 280;

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'rest' }
  | { readonly kind: 'cue'; readonly cue: Cue }
  | {
      readonly kind: 'run';
      readonly from: number;
      readonly calledAt: number;
      readonly cold: boolean;
      readonly shift: number;
      running: boolean;
      learned: boolean;
    };

const IDLE: Phase = { kind: 'idle' };

/** See the head of this file. */
export class SyncEngine {
  readonly #player: Player;
  readonly #env: Environment;
  readonly #transport: Transport;
  readonly #lab: LabSink | undefined;
  readonly #clock = new ServerClock();
  readonly #exchange: ClockExchange;
  readonly #measure = new Measure();
  readonly #controller: Controller;
  readonly #drive: RateDrive;
  readonly #costs = new StartCosts();
  readonly #history = new SkewHistory();
  readonly #listeners = new Set<(status: SyncStatus) => void>();
  readonly #unsubscribe: (() => void)[] = [];

  #class: SyncClassName;
  #timeline: Timeline | null = null;
  #offsetS = 0;
  #latencyS = 0;
  #phase: Phase = IDLE;
  #state: SyncState = 'waiting';
  #cold = true;
  #settleUntil = -Infinity;
  #buffering = false;
  #blocked = false;
  #soundBlocked = false;
  #restSeek: number | null = null;
  readonly #counts: Counts = { seeks: 0, jumps: 0, stalls: 0 };
  #timer: number | null = null;
  #tickedAt = -Infinity;
  #reportedAt = -Infinity;
  #notedAt = -Infinity;
  #status: SyncStatus | null = null;
  #started = false;

  constructor(options: SyncEngineOptions) {
    this.#player = options.player;
    this.#env = options.env;
    this.#transport = options.transport;
    this.#lab = options.lab;
    this.#class = options.syncClass ?? 'normal';
    this.#controller = new Controller(SYNC_CLASSES[this.#class]);
    this.#drive = new RateDrive(this.#player, this.#measure);
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
    if (timeline === null) {
      this.#timeline = null;
      this.#phase = IDLE;
      this.#player.pause();
      this.#tick();
      return true;
    }
    const next = checkTimeline(timeline);
    const before = this.#timeline;
    if (!next || (before && cause !== 'snapshot' && next.revision < before.revision)) return false;
    this.#timeline = next;
    this.#restSeek = null;
    if (before?.rate !== next.rate) this.#applyBase();
    if (this.#phase.kind === 'cue') {
      this.#phase = IDLE;
    } else if (this.#phase.kind === 'run' && next.playing) {
      this.#measure.reset();
      const off =
        Math.abs(this.#expected(this.#env.now()) - this.#measured(this.#player.read())) * 1000;
      const future = next.at > this.#clock.serverNow(this.#env.now()) + 20;
      if (cause === 'media' || future || (cause === 'seek' && off > SEEK_FOLLOW_MS)) {
        this.#controller.forgetSeeks();
        this.#phase = IDLE;
      }
    }
    this.#tick();
    return true;
  }

  /** Chooses how closely to follow; `free` plays on by itself until `catchUp`. */
  setClass(name: SyncClassName): void {
    this.#class = name;
    this.#controller.setClass(SYNC_CLASSES[name]);
    this.#tick();
  }

  /** User's offset in ms: positive plays ahead of the room, e.g. for slow Bluetooth speakers. */
  setOffset(ms: number): void {
    if (!Number.isFinite(ms)) return;
    this.#offsetS = Math.max(-5, Math.min(5, ms / 1000));
    this.#measure.reset();
  }

  /** `AudioContext.outputLatency` in ms, only when sound is routed through Web Audio. */
  setOutputLatency(ms: number): void {
    if (!Number.isFinite(ms)) return;
    this.#latencyS = Math.max(0, Math.min(2, ms / 1000));
    this.#measure.reset();
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
    if (this.#soundBlocked) this.#player.setMuted(false);
    this.#soundBlocked = false;
    if (this.#blocked) {
      this.#blocked = false;
      this.#phase = IDLE;
    }
    this.#notedAt = -Infinity;
    this.#tick();
  }

  /** Jumps to the room's position now, whatever the class. */
  catchUp(): void {
    this.#controller.forgetSeeks();
    this.#phase = IDLE;
    this.#tick();
  }

  /** Latest status. */
  get status(): SyncStatus {
    return this.#status ?? this.#makeStatus(this.#env.now(), this.#player.read(), null);
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

  /** Server ms now, or null before the first exchange. */
  serverNow(): number | null {
    return this.#clock.synced ? this.#clock.serverNow(this.#env.now()) : null;
  }

  /** Room position now in seconds (without the user's offset), or null while unknown. */
  roomPosition(): number | null {
    if (!this.#timeline || !this.#clock.synced) return null;
    const now = this.#clock.serverNow(this.#env.now());
    return positionAt(this.#timeline, now, this.#player.read().duration);
  }

  // --- events ---------------------------------------------------------------

  #onEvent(event: PlayerEvent): void {
    if (event === 'emptied') {
      this.#phase = IDLE;
      this.#cold = true;
      this.#restSeek = null;
      this.#measure.reset();
    }
    if (event === 'timeupdate' && this.#env.now() - this.#tickedAt < 100) return;
    this.#tick();
  }

  #onFrame(frame: FrameSample): void {
    const now = this.#env.now();
    const player = this.#player.read();
    this.#lab?.push({
      t: this.#env.timeOrigin + frame.displayAt,
      presented: this.#env.timeOrigin + frame.presentedAt,
      mediaTime: frame.mediaTime,
      frames: frame.presentedFrames,
      playbackRate: player.rate,
      clock: player.position,
      clockAt: this.#env.timeOrigin + now,
    });
    if (this.#phase.kind !== 'run' || !this.#phase.running || player.seeking) return;
    const measured = frame.mediaTime - this.#offsetS - this.#latencyS;
    this.#measure.addFrame(frame, measured, this.#expected(frame.displayAt));
    if (this.#controller.nudging && now - this.#tickedAt > 20) this.#tick();
    else this.#measure.addClock(now, this.#measured(player), this.#expected(now));
  }

  #onWake(): void {
    this.#exchange.burst();
    this.#measure.reset();
    this.#settleUntil = this.#env.now() + SETTLE_MS;
    this.#tick();
  }

  // --- the loop -------------------------------------------------------------

  #tick(): void {
    if (!this.#started) return;
    const now = this.#env.now();
    this.#tickedAt = now;
    if (this.#clock.needsBurst(this.#env.wallNow(), now)) {
      this.#measure.reset();
      this.#exchange.burst();
    }
    const player = this.#player.read();
    let wait: number;
    if (player.error !== null) {
      this.#state = 'error';
      wait = REPORT_MS;
    } else if (!this.#timeline || !this.#clock.synced || player.readyState < 1) {
      this.#state = 'waiting';
      wait = HISTORY_MS;
    } else if (!this.#timeline.playing) {
      wait = this.#rest(now, player, this.#timeline.position);
    } else if (isOver(this.#timeline, this.#clock.serverNow(now), player.duration)) {
      wait = this.#finish(now, player);
    } else {
      wait = this.#follow(now, player, this.#timeline);
    }
    this.#tell(now);
    if (this.#timer !== null) this.#env.clearTimer(this.#timer);
    this.#timer = this.#env.setTimer(() => {
      this.#timer = null;
      this.#tick();
    }, wait);
  }

  /** The room is paused: be paused, at its very frame. */
  #rest(now: number, player: PlayerReading, target: number): number {
    if (this.#phase.kind !== 'rest') {
      this.#phase = { kind: 'rest' };
      this.#blocked = false;
      this.#buffering = false;
      this.#applyBase();
      this.#measure.reset();
    }
    if (!player.paused) this.#player.pause();
    const goal = clampTo(target, player.duration);
    const off = Math.abs(player.position - goal) > PAUSED_SLACK_S;
    if (off && !player.seeking && this.#restSeek !== goal) {
      this.#restSeek = goal;
      this.#seek(now, goal);
    }
    this.#state = player.seeking || (off && this.#restSeek === null) ? 'seeking' : 'paused';
    return HISTORY_MS;
  }

  /** The room has run past the end: let the medium run out, then rest on its last frame. */
  #finish(now: number, player: PlayerReading): number {
    const left = player.duration - player.position;
    if (player.paused && !player.ended && left > 0.25 && this.#restSeek !== player.duration) {
      this.#restSeek = player.duration;
      this.#seek(now, player.duration);
    }
    if (player.paused || player.ended) this.#phase = { kind: 'rest' };
    this.#state = player.ended || player.paused ? 'ended' : 'playing';
    return HISTORY_MS;
  }

  #follow(now: number, player: PlayerReading, timeline: Timeline): number {
    if (this.#blocked) {
      this.#state = 'needs-gesture';
      return REPORT_MS;
    }
    if (this.#phase.kind === 'run' && player.paused) {
      // The browser paused by itself (power saving, a lost device): start again.
      this.#phase = IDLE;
    }
    if (this.#phase.kind === 'idle' || this.#phase.kind === 'rest')
      this.#cue(now, player, timeline, 0);
    if (this.#phase.kind === 'cue') return this.#hold(now, timeline, this.#phase.cue);
    return this.#run(now, player, timeline);
  }

  // --- cueing ---------------------------------------------------------------

  #cue(now: number, player: PlayerReading, timeline: Timeline, attempt: number): void {
    const jump = !player.paused;
    if (jump) this.#player.pause();
    this.#applyBase();
    this.#measure.reset();
    this.#buffering = false;
    const serverNow = this.#clock.serverNow(now);
    const here = player.position - this.#correction();
    const startsIn = instantOf(timeline, here) - serverNow;
    // Where we stand is fine when the room arrives here soon enough, or just did.
    const standing =
      !jump && !player.seeking && attempt === 0 && startsIn > -SEEK_FOLLOW_MS && startsIn < 1_500;
    let goal = here;
    if (serverNow < timeline.at) {
      goal = timeline.position;
    } else if (!standing) {
      const rough = positionAt(timeline, serverNow + 150, player.duration) + this.#correction();
      const delay = this.#clock.reading.delayMs;
      const lead = this.#costs.lead(this.#player.isBuffered(rough), attempt, delay);
      goal = positionAt(timeline, serverNow + lead, player.duration);
    }
    const position = clampTo(goal + this.#correction(), player.duration);
    const seeks = Math.abs(player.position - position) > CUE_SLACK_S;
    const loaded = this.#player.isBuffered(position);
    if (seeks) {
      this.#seek(now, position);
      if (jump) this.#counts.jumps += 1;
    }
    this.#phase = {
      kind: 'cue',
      cue: new Cue(this.#costs, { position, attempt, now, seeks, loaded }),
    };
  }

  #hold(now: number, timeline: Timeline, cue: Cue): number {
    const player = this.#player.read();
    const startsIn =
      instantOf(timeline, cue.position - this.#correction()) - this.#clock.serverNow(now);
    // What the roll will gain is what the start may be late.
    const gain = this.#controller.rolls(timeline.rate) ? ROLL_NUDGE * ROLL_MS : 0;
    const step = cue.step(now, player, startsIn + gain, this.#cold);
    this.#state = cue.ready ? 'holding' : player.seeking ? 'seeking' : 'buffering';
    if (step.kind === 'wait') return Math.max(1, step.ms);
    if (step.kind === 'again') {
      this.#cue(now, player, timeline, cue.attempt + 1);
      return 20;
    }
    this.#play(now, player.position);
    return 30;
  }

  #play(now: number, from: number): void {
    const { rate, preservePitch } = this.#controller.roll(this.#timeline?.rate ?? 1, now);
    this.#setRate(rate, preservePitch);
    this.#measure.reset();
    this.#phase = {
      kind: 'run',
      from,
      calledAt: now,
      cold: this.#cold,
      shift: this.#measure.shiftAt(now),
      running: false,
      learned: false,
    };
    this.#cold = false;
    this.#settleUntil = now + SETTLE_MS;
    this.#state = 'playing';
    this.#player.play().catch((reason: unknown) => {
      this.#refused(reason);
    });
  }

  /** Autoplay rules: try once without sound, then ask for a gesture. */
  #refused(reason: unknown): void {
    if (!(reason instanceof Error) || reason.name !== 'NotAllowedError') return;
    if (!this.#player.read().muted) {
      this.#player.setMuted(true);
      this.#soundBlocked = true;
      this.#phase = IDLE;
    } else {
      this.#blocked = true;
      this.#phase = IDLE;
    }
    this.#tick();
  }

  // --- running --------------------------------------------------------------

  #run(now: number, player: PlayerReading, timeline: Timeline): number {
    const phase = this.#phase;
    if (phase.kind !== 'run') return HISTORY_MS;
    if (!phase.running) {
      // The clock runs once it has moved; before that any error would be the start-up cost itself.
      if (player.position - phase.from > 0.01) {
        phase.running = true;
        this.#controller.rolling(now);
      } else if (player.readyState < FUTURE_DATA) this.#stall(now);
      this.#state = this.#buffering ? 'buffering' : 'playing';
      if (!phase.running) return 25;
    }
    const dry = player.readyState < FUTURE_DATA && !player.seeking && !player.ended;
    if (dry) {
      this.#stall(now);
      this.#state = 'buffering';
      return 100;
    }
    if (this.#buffering) {
      this.#buffering = false;
      this.#measure.reset();
      this.#settleUntil = now + SETTLE_MS;
    }
    this.#measure.addClock(now, this.#measured(player), this.#expected(now));
    if (!phase.learned && now - phase.calledAt >= LEARN_START_MS) {
      phase.learned = true;
      const gained = this.#measure.shiftAt(now) - phase.shift;
      const played = ((player.position - phase.from) * 1000 - gained) / timeline.rate;
      this.#costs.learnStart(phase.cold, now - phase.calledAt - played);
    }
    const hidden = this.#env.hidden();
    this.#state = player.seeking ? 'seeking' : hidden ? 'hidden' : 'playing';
    const m = this.#measure.at(now);
    const action = this.#controller.step({
      now,
      ...m,
      roomRate: timeline.rate,
      uncertaintyMs: this.#clock.reading.uncertaintyMs,
      settling: now < this.#settleUntil,
      buffering: false,
      hidden,
      seeking: player.seeking,
    });
    if (action.kind === 'seek') {
      this.#controller.noteSeek(now);
      this.#cue(now, player, timeline, 0);
      return 20;
    }
    if (action.kind === 'rate') this.#setRate(action.rate, action.preservePitch);
    if (hidden) return REPORT_MS;
    if (this.#controller.nudging) return now < this.#settleUntil ? 25 : 50;
    return now < this.#settleUntil ? 40 : HISTORY_MS;
  }

  #stall(now: number): void {
    if (this.#buffering) return;
    this.#buffering = true;
    this.#counts.stalls += 1;
    this.#measure.reset();
    this.#controller.rest(now);
    this.#applyBase();
  }

  #applyBase(): void {
    this.#controller.rest(this.#env.now());
    const { rate, preservePitch } = this.#controller.base(this.#timeline?.rate ?? 1);
    this.#setRate(rate, preservePitch);
  }

  #setRate(rate: number, preservePitch: boolean): void {
    this.#drive.set(rate, preservePitch, this.#timeline?.rate ?? 1, this.#env.now());
  }

  #seek(now: number, position: number): void {
    this.#counts.seeks += 1;
    this.#cold = true;
    this.#controller.rest(now);
    this.#measure.reset();
    this.#player.seek(position);
  }

  // --- positions ------------------------------------------------------------

  /** Media seconds this player runs ahead of the room by choice. */
  #correction(): number {
    return this.#offsetS + this.#latencyS;
  }

  #measured(player: PlayerReading): number {
    return player.position - this.#correction();
  }

  /** Room position at local `now`, unclamped by the medium's end so that the tail keeps its error. */
  #expected(now: number): number {
    if (!this.#timeline) return 0;
    return positionAt(this.#timeline, this.#clock.serverNow(now));
  }

  // --- telling --------------------------------------------------------------

  #tell(now: number): void {
    const changed = this.#status?.state !== this.#state;
    if (!changed && now - this.#notedAt < HISTORY_MS - 5) return;
    const player = this.#player.read();
    const live = this.#phase.kind === 'run' && this.#phase.running && !this.#buffering;
    const status = this.#makeStatus(now, player, live ? this.#measure.at(now) : null);
    this.#status = status;
    this.#notedAt = now;
    this.#history.add({
      at: this.#clock.synced ? this.#clock.serverNow(now) : now,
      skewMs: status.skewMs,
      rate: this.#drive.rate,
      state: this.#state,
    });
    for (const listener of this.#listeners) listener(status);
    if (!changed && now - this.#reportedAt < REPORT_MS - 5) return;
    this.#reportedAt = now;
    this.#transport.report(reportOf(status, player));
  }

  #makeStatus(now: number, player: PlayerReading, measurement: Measurement | null): SyncStatus {
    const at = this.#clock.synced ? this.#clock.serverNow(now) : now;
    return statusOf({
      state: this.#state,
      syncClass: this.#class,
      player,
      measurement,
      clock: this.#clock.reading,
      rate: this.#drive.rate,
      rateChanges: this.#drive.changes,
      counts: this.#counts,
      p50Ms: this.#history.percentile(0.5, at),
      p95Ms: this.#history.percentile(0.95, at),
      soundBlocked: this.#soundBlocked,
    });
  }
}

function clampTo(position: number, duration: number): number {
  const end = duration > 0 ? duration : Infinity;
  return Math.min(end, Math.max(0, position));
}
