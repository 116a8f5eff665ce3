// Pursuit: what to do with the player so that it is where the timeline says.
//
// A small machine of phases: idle (nothing decided), rest (the room is paused),
// cue (getting to a position and starting there on time) and run (playing under
// the controller). `step` does what is due and answers when to look again. It
// knows the server clock but not how it is kept, and tells nobody anything; the
// engine does both.

import { SYNC_CLASSES, type SyncClassName } from './classes';
import type { ServerClock } from './clock';
import { Controller, ROLL_MS, ROLL_NUDGE } from './controller';
import { Cue } from './cue';
import { Measure, type Measurement } from './measure';
import {
  FUTURE_DATA,
  type Environment,
  type FrameSample,
  type Player,
  type PlayerReading,
} from './player';
import { RateDrive } from './rate-drive';
import { StartCosts } from './start';
import type { Counts } from './status';
import type { SyncState } from './telemetry';
import { checkTimeline, instantOf, isOver, positionAt, type Timeline } from './timeline';

/** Why a timeline changed; only a seek is treated specially (it is followed exactly). */
export type TimelineCause = 'snapshot' | 'play' | 'pause' | 'seek' | 'rate' | 'media' | 'other';

/** Settling phase after a start or stall: stronger nudges are allowed, ms. */
const SETTLE_MS = 3_000;
/** A paused picture further off than this is put right, seconds (one frame at 50 fps). */
const PAUSED_SLACK_S = 0.02;
/** A cue this close to the player's position needs no seek, seconds. */
const CUE_SLACK_S = 0.004;
/** A person's seek is followed by a jump when it moves further than this, ms. */
const SEEK_FOLLOW_MS = 120;
/** A timeline further in the future than this is a scheduled start, ms. */
const FUTURE_MS = 20;
/** Steps in steady state, and where nothing can be done, ms. */
const STEADY_MS = 200;
const SLOW_MS = 1_000;
/** When a start's real cost can be read off the running clock, ms after `play()`. */
const LEARN_START_MS = 280;
/**
 * A missed start waits this long for the medium to arrive where the room is by now, before it seeks past what
 * is loaded: what a link delivers faster than it plays is there within a moment, another fetch takes seconds.
 */
const FILL_MS = 1_500;
/** How often that is looked at, ms. */
const FILL_POLL_MS = 30;

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
export class Pursuit {
  readonly #player: Player;
  readonly #env: Environment;
  readonly #clock: ServerClock;
  readonly #again: () => void;
  readonly #measure = new Measure();
  readonly #controller: Controller;
  readonly #drive: RateDrive;
  readonly #costs = new StartCosts();

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
  readonly counts: Counts = { seeks: 0, jumps: 0, stalls: 0 };

  /** `again` is called when something came up between steps and a step is due now. */
  constructor(
    player: Player,
    env: Environment,
    clock: ServerClock,
    syncClass: SyncClassName,
    again: () => void,
  ) {
    this.#player = player;
    this.#env = env;
    this.#clock = clock;
    this.#again = again;
    this.#controller = new Controller(SYNC_CLASSES[syncClass]);
    this.#drive = new RateDrive(player, this.#measure);
  }

  get state(): SyncState {
    return this.#state;
  }

  get timeline(): Timeline | null {
    return this.#timeline;
  }

  /** Rate set on the player, and how often it was changed. */
  get rate(): number {
    return this.#drive.rate;
  }

  get rateChanges(): number {
    return this.#drive.changes;
  }

  /** True when the browser only let us start muted. */
  get soundBlocked(): boolean {
    return this.#soundBlocked;
  }

  /** True while a nudge runs and frames should be looked at as they come. */
  get nudging(): boolean {
    return this.#controller.nudging;
  }

  /** The measured error, or null while there is none to speak of. */
  measurement(now: number): Measurement | null {
    const live = this.#phase.kind === 'run' && this.#phase.running && !this.#buffering;
    return live ? this.#measure.at(now) : null;
  }

  /** Takes a new timeline; returns false for stale or broken ones. */
  take(timeline: Timeline | null, cause: TimelineCause): boolean {
    if (timeline === null) {
      this.#timeline = null;
      this.#phase = IDLE;
      this.#player.pause();
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
      const now = this.#env.now();
      const off = Math.abs(this.#expected(now) - this.#measured(this.#player.read())) * 1000;
      const future = next.at > this.#clock.serverNow(now) + FUTURE_MS;
      if (cause === 'media' || future || (cause === 'seek' && off > SEEK_FOLLOW_MS)) this.restart();
    }
    return true;
  }

  setClass(name: SyncClassName): void {
    this.#controller.setClass(SYNC_CLASSES[name]);
  }

  /** Plays this many seconds ahead of the room. */
  setOffset(seconds: number): void {
    this.#offsetS = seconds;
    this.#measure.reset();
  }

  /** Seconds between the playback clock and the ear. */
  setOutputLatency(seconds: number): void {
    this.#latencyS = seconds;
    this.#measure.reset();
  }

  /** Goes to the room's position anew, by a seek if need be. */
  restart(): void {
    this.#controller.forgetSeeks();
    this.#phase = IDLE;
  }

  /** The element was emptied: another medium is being loaded. */
  emptied(): void {
    this.#phase = IDLE;
    this.#cold = true;
    this.#restSeek = null;
    this.#measure.reset();
  }

  /** A person clicked: sound and playback may be tried again. */
  unblock(): void {
    if (this.#soundBlocked) this.#player.setMuted(false);
    this.#soundBlocked = false;
    if (this.#blocked) this.#phase = IDLE;
    this.#blocked = false;
  }

  /** The page became visible, woke or changed network: trust no old sample. */
  wake(now: number): void {
    this.#measure.reset();
    this.#settleUntil = now + SETTLE_MS;
  }

  /** Takes a frame put on screen. */
  frame(frame: FrameSample, player: PlayerReading, now: number): void {
    if (this.#phase.kind !== 'run' || !this.#phase.running || player.seeking) return;
    const measured = frame.mediaTime - this.#correction();
    this.#measure.addFrame(frame, measured, this.#expected(frame.displayAt));
    this.#measure.addClock(now, this.#measured(player), this.#expected(now));
  }

  /** Does what is due at local `now`; returns ms until the next look. */
  step(now: number): number {
    const player = this.#player.read();
    if (player.error !== null) {
      this.#state = 'error';
      return SLOW_MS;
    }
    const timeline = this.#timeline;
    if (!timeline || !this.#clock.synced || player.readyState < 1) {
      this.#state = 'waiting';
      return STEADY_MS;
    }
    if (!timeline.playing) return this.#rest(now, player, timeline.position);
    const over = isOver(timeline, this.#clock.serverNow(now), player.duration);
    return over ? this.#finish(now, player) : this.#follow(now, player, timeline);
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
    return STEADY_MS;
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
    return STEADY_MS;
  }

  #follow(now: number, player: PlayerReading, timeline: Timeline): number {
    if (this.#blocked) {
      this.#state = 'needs-gesture';
      return SLOW_MS;
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
    // Held within the slack of a paused picture: a seek would cost more than it mends, since the start is
    // timed for where we stand.
    const held =
      !jump &&
      !player.seeking &&
      attempt === 0 &&
      Math.abs(here - timeline.position) <= PAUSED_SLACK_S &&
      startsIn > this.#costs.start(this.#cold);
    let goal = here;
    if (serverNow < timeline.at) {
      if (!held) goal = timeline.position;
    } else if (!standing) {
      goal = this.#ahead(now, timeline, attempt, true);
      if (!this.#player.isBuffered(goal + this.#correction()))
        goal = this.#ahead(now, timeline, attempt, false);
    }
    const position = clampTo(goal + this.#correction(), player.duration);
    const seeks = Math.abs(player.position - position) > CUE_SLACK_S;
    const loaded = this.#player.isBuffered(position);
    if (seeks) {
      this.#seek(now, position);
      if (jump) this.counts.jumps += 1;
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
      if (this.#filling(now, timeline, cue)) return FILL_POLL_MS;
      this.#cue(now, player, timeline, cue.attempt + 1);
      return 20;
    }
    this.#play(now, player.position, this.#costs.start(this.#cold) - (startsIn + gain));
    return 30;
  }

  /** Whether the medium is still on its way to where the room is now, so that a seek there would fetch anew. */
  #filling(now: number, timeline: Timeline, cue: Cue): boolean {
    if (now - cue.missedAt(now) >= FILL_MS) return false;
    const goal = this.#ahead(now, timeline, cue.attempt + 1, true);
    return !this.#player.isBuffered(goal + this.#correction());
  }

  /** Where a seek made now should aim: the room's position once the seek is done. */
  #ahead(now: number, timeline: Timeline, attempt: number, loaded: boolean): number {
    const lead = this.#costs.lead(loaded, attempt, this.#clock.reading.delayMs);
    const { duration } = this.#player.read();
    return positionAt(timeline, this.#clock.serverNow(now) + lead, duration);
  }

  /** `lateMs`: what the call comes too late by; negative is too early. */
  #play(now: number, from: number, lateMs: number): void {
    const { rate, preservePitch } = this.#controller.roll(this.#timeline?.rate ?? 1, now, lateMs);
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
    this.#again();
  }

  // --- running --------------------------------------------------------------

  #run(now: number, player: PlayerReading, timeline: Timeline): number {
    const phase = this.#phase;
    if (phase.kind !== 'run') return STEADY_MS;
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
    if (hidden) return SLOW_MS;
    if (this.#controller.nudging) return now < this.#settleUntil ? 15 : 50;
    return now < this.#settleUntil ? 40 : STEADY_MS;
  }

  #stall(now: number): void {
    if (this.#buffering) return;
    this.#buffering = true;
    this.counts.stalls += 1;
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
    this.counts.seeks += 1;
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
}

function clampTo(position: number, duration: number): number {
  const end = duration > 0 ? duration : Infinity;
  return Math.min(end, Math.max(0, position));
}
