// A room that watches a film faster than it arrives. Its clock would run on past what is there, and
// everybody would be torn forward into each next piece. So whoever brings the film holds the room
// at the edge, in words, and lets it go on once there is some to watch again. Pure.

/** Held with less of the film ahead than this, s. */
const EDGE_S = 3;
/** Goes on with so much ahead, s: a pause every few seconds would be worse than one longer one. */
const ENOUGH_S = 20;

export interface Arrival {
  /** Bytes in all, and arrived. */
  size: number;
  arrived: number;
  /** The film's length, s. */
  duration: number | null;
}

/** How much of the film is there, s from its start; bytes are spread evenly for want of knowing better. */
export function arrivedSeconds({ size, arrived, duration }: Arrival): number {
  if (arrived >= size) return Infinity;
  return duration === null ? 0 : (arrived / size) * duration;
}

/** What to do about it; `held` says that this page holds the room already. */
export function holdAt(
  arrival: Arrival,
  room: { playing: boolean; position: number; held: boolean },
): 'hold' | 'release' | null {
  if (arrival.duration === null && arrival.arrived < arrival.size) return null;
  const ahead = arrivedSeconds(arrival) - room.position;
  if (room.playing) return ahead < EDGE_S ? 'hold' : null;
  return room.held && ahead >= ENOUGH_S ? 'release' : null;
}
