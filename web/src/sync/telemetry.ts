// What the engine tells about itself: status for the page, reports for the
// server, a ring of history for the graph, raw frames for the sync lab.
//
// Truth before looks: the skew told here is the picture's where frames can be
// seen, the clock's otherwise, and nothing is smoothed away.

import type { SyncClassName } from './classes';

/** What the engine is doing, in the words the page uses. */
export type SyncState =
  /** No timeline, no clock or no medium yet. */
  | 'waiting'
  /** Ready at the start position, holding for the scheduled instant. */
  | 'holding'
  | 'playing'
  | 'paused'
  | 'buffering'
  | 'seeking'
  /** The browser wants a click before it plays; call `gesture()` from one. */
  | 'needs-gesture'
  /** Playing where nobody looks; corrections rest. */
  | 'hidden'
  | 'ended'
  | 'error';

/** One point of the history ring. */
export interface HistoryPoint {
  /** Server ms. */
  readonly at: number;
  /** Measured minus expected position, ms; null while unknown. Positive is ahead. */
  readonly skewMs: number | null;
  readonly rate: number;
  readonly state: SyncState;
}

/** Everything the sync meter shows. */
export interface SyncStatus {
  readonly state: SyncState;
  readonly syncClass: SyncClassName;
  /** Measured minus expected position of what is on screen, ms; null while unknown. */
  readonly skewMs: number | null;
  /** The same for the playback clock, which the sound follows. */
  readonly clockSkewMs: number | null;
  /** Median and 95th percentile of |skew| over the last 30 s; null without samples. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Playback rate set on the player. */
  readonly rate: number;
  /** Likely error of the server clock estimate, ms. */
  readonly clockErrorMs: number;
  /** Hard bound of that error: half the round trip, ms. */
  readonly clockBoundMs: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Seconds loaded ahead of the position. */
  readonly bufferedAhead: number;
  /** Media position, seconds. */
  readonly position: number;
  /** Rate changes made by the engine since it was started. */
  readonly rateChanges: number;
  /** Seeks made by the engine, and those of them that jumped in running playback. */
  readonly seeks: number;
  readonly jumps: number;
  /** Times playback ran dry. */
  readonly stalls: number;
  /** True when the browser only let us start without sound; `gesture()` brings it back. */
  readonly soundBlocked: boolean;
  /** True while the user follows loosely by own choice (class `free`). */
  readonly free: boolean;
  /** Sentence for people in state `error`. */
  readonly error: string | null;
}

/** What the server is told, about once a second and when the state changes. */
export interface SyncReport {
  readonly position: number;
  readonly skew_ms: number | null;
  readonly buffer_s: number;
  readonly delay_ms: number;
  readonly jitter_ms: number;
  readonly state: SyncState;
  readonly rate: number;
  /** Able to play at the target position at once, with some seconds in hand. */
  readonly ready: boolean;
}

/** One frame for the sync lab. */
export interface LabSample {
  /** Wall ms at which the frame is expected on screen (`timeOrigin + expectedDisplayTime`). */
  readonly t: number;
  /** Wall ms at which it went to the compositor. */
  readonly presented: number;
  readonly mediaTime: number;
  readonly frames: number;
  readonly playbackRate: number;
  /** Playback clock (`currentTime`) and the wall ms it was read at. */
  readonly clock: number;
  readonly clockAt: number;
}

/** Anything with `push`, usually an array on `window`. */
export interface LabSink {
  push(sample: LabSample): unknown;
}

/** Seconds of skew the percentiles look back on. */
const WINDOW_MS = 30_000;
/** Points kept for the graph: one minute at five a second. */
export const HISTORY_POINTS = 300;

/** Keeps history and percentiles. */
export class SkewHistory {
  #points: HistoryPoint[] = [];

  /** Oldest first. */
  get points(): readonly HistoryPoint[] {
    return this.#points;
  }

  add(point: HistoryPoint): void {
    this.#points.push(point);
    if (this.#points.length > HISTORY_POINTS) this.#points.shift();
  }

  /** |skew| below which `share` (0..1) of the window's samples lie; null without samples. */
  percentile(share: number, now: number): number | null {
    const values: number[] = [];
    for (const p of this.#points) {
      if (p.skewMs !== null && now - p.at <= WINDOW_MS) values.push(Math.abs(p.skewMs));
    }
    return percentile(values, share);
  }
}

/** Nearest-rank percentile of `values`; null for none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil(share * sorted.length) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank))] ?? null;
}
