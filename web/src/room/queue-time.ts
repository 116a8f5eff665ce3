// How long the evening still takes. Pure.
import type { Snapshot } from './model';

export interface TimeLeft {
  /** Of what is on and all that is queued, at the room's speed, s. */
  seconds: number;
  /** Something in it has no known length: it takes at least so long. */
  least: boolean;
}

/** Null where nothing of it has a known length. */
export function timeLeftInAll(room: Snapshot, position: number): TimeLeft | null {
  const lengths: (number | null)[] = room.queue.map(({ media }) => media.duration);
  if (room.media) {
    const end = room.timeline.duration ?? room.media.duration;
    lengths.push(end === null ? null : Math.max(0, end - position));
  }
  const known = lengths.filter((length) => length !== null);
  if (known.length === 0) return null;
  const seconds = known.reduce((sum, length) => sum + length, 0) / (room.timeline.rate || 1);
  return { seconds, least: known.length < lengths.length };
}
