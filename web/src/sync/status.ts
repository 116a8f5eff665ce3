// Puts what the engine knows into the shapes of `telemetry.ts`. Pure.

import type { SyncClassName } from './classes';
import type { ClockReading } from './clock';
import type { Measurement } from './measure';
import { FUTURE_DATA, type PlayerReading } from './player';
import type { SyncReport, SyncState, SyncStatus } from './telemetry';

/** Seconds that must be loaded before a member calls itself ready. */
const READY_BUFFER_S = 2;
/** Loaded to within this of the end counts as loaded to the end, seconds. */
const END_SLACK_S = 0.25;
/** `readyState` HAVE_ENOUGH_DATA: the browser expects to play through. */
const ENOUGH_DATA = 4;

/** What the engine did so far. */
export interface Counts {
  seeks: number;
  jumps: number;
  stalls: number;
}

/** Everything a status is made from. */
export interface StatusFacts {
  readonly state: SyncState;
  readonly syncClass: SyncClassName;
  readonly player: PlayerReading;
  /** How much later the player's cut has everything, seconds. */
  readonly cutS: number;
  /** Null while nothing can be said about skew. */
  readonly measurement: Measurement | null;
  readonly clock: ClockReading;
  readonly rate: number;
  readonly rateChanges: number;
  readonly counts: Readonly<Counts>;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly soundBlocked: boolean;
}

/** Skew is measured minus expected, so its sign is the error's turned round. */
export function statusOf(facts: StatusFacts): SyncStatus {
  const { player, measurement: m, clock, counts } = facts;
  const clockSkewMs = m && m.samples > 0 ? -m.errorMs : null;
  return {
    state: facts.state,
    syncClass: facts.syncClass,
    skewMs: m?.pictureMs != null ? -m.pictureMs : clockSkewMs,
    clockSkewMs,
    p50Ms: facts.p50Ms,
    p95Ms: facts.p95Ms,
    rate: facts.rate,
    clockErrorMs: clock.uncertaintyMs,
    clockBoundMs: clock.errorBoundMs,
    delayMs: clock.delayMs,
    jitterMs: clock.jitterMs,
    bufferedAhead: player.bufferedAhead,
    position: player.position - facts.cutS,
    rateChanges: facts.rateChanges,
    seeks: counts.seeks,
    jumps: counts.jumps,
    stalls: counts.stalls,
    soundBlocked: facts.soundBlocked,
    free: facts.syncClass === 'free',
    error: player.error,
  };
}

/** The part of a status that the server is told. */
export function reportOf(status: SyncStatus, player: PlayerReading): SyncReport {
  return {
    position: status.position,
    skew_ms: status.skewMs,
    buffer_s: status.bufferedAhead,
    delay_ms: status.delayMs,
    jitter_ms: status.jitterMs,
    state: status.state,
    rate: status.rate,
    ready: isReady(player),
  };
}

/** Able to play at the position at once, with some seconds in hand or loaded to the end. */
export function isReady(player: PlayerReading): boolean {
  if (player.error !== null || player.seeking || player.readyState < FUTURE_DATA) return false;
  if (player.readyState === ENOUGH_DATA || player.bufferedAhead >= READY_BUFFER_S) return true;
  return player.duration - player.position - player.bufferedAhead < END_SLACK_S;
}
