// The room's shared timeline as the page sees it, and the arithmetic on it.
//
// Position at any instant is derived from one anchor (position, instant, rate),
// never stored by ticking. A timeline may take effect in the future: until then
// a playing one holds at its position. Nothing here knows a player or a clock.

/** Shared playback state, as the server publishes it. */
export interface Timeline {
  /** Media position at `at`, seconds. */
  readonly position: number;
  /** Server instant the anchor belongs to, ms since the epoch; may lie in the future. */
  readonly at: number;
  /** Shared playback rate, 1 is normal. */
  readonly rate: number;
  /** Whether the room plays. */
  readonly playing: boolean;
  /** Room revision; a timeline with a smaller one is stale. */
  readonly revision: number;
}

/** Slowest and fastest shared rate browsers play with sound. */
export const MIN_RATE = 0.25;
export const MAX_RATE = 4;

/**
 * Checks a timeline that came from outside. Returns it, or `null` when a field is not a
 * finite number or is out of range, so that garbage never reaches the player.
 */
export function checkTimeline(timeline: Timeline): Timeline | null {
  const { position, at, rate, revision } = timeline;
  const numbers = [position, at, rate, revision];
  if (!numbers.every(Number.isFinite) || position < 0) return null;
  if (rate < MIN_RATE || rate > MAX_RATE) return null;
  return timeline;
}

/** Expected position in seconds at server instant `serverNow`, within the medium's `duration`. */
export function positionAt(timeline: Timeline, serverNow: number, duration = Infinity): number {
  const elapsed = timeline.playing ? Math.max(0, serverNow - timeline.at) / 1000 : 0;
  const end = duration > 0 ? duration : Infinity;
  return Math.min(end, Math.max(0, timeline.position + elapsed * timeline.rate));
}

/** Server instant (ms) at which a playing timeline reaches `position`. */
export function instantOf(timeline: Timeline, position: number): number {
  return timeline.at + ((position - timeline.position) / timeline.rate) * 1000;
}

/** True when a playing timeline has run past the medium's end at `serverNow`. */
export function isOver(timeline: Timeline, serverNow: number, duration: number): boolean {
  if (!(duration > 0) || !Number.isFinite(duration)) return false;
  return positionAt(timeline, serverNow) >= duration;
}

/**
 * The timeline for a player whose medium is another cut: what the room has at `position`, it has at
 * `position + cut` seconds. What lies before that cut's beginning is waited for there, as for any start to come.
 */
export function inCut(timeline: Timeline, cut: number): Timeline {
  const position = timeline.position + cut;
  if (position >= 0) return { ...timeline, position };
  return { ...timeline, position: 0, at: timeline.at - (position / timeline.rate) * 1000 };
}
