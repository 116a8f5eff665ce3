// What comes next is fetched ahead, so that it starts when its turn comes: a player of its own, in no
// document and without sound, reads as much of it as any player needs to begin (also an index at the
// file's end) and is dropped. The browser's cache and the server's keep what it read.
import type { ItemId, QueuedMedia, Snapshot } from './model';

/** So long before the end, s: a slow line needs a while for the beginning of a film. */
const AHEAD_S = 40;
/** The own player's buffer comes first: it must have so much, or all that is left, s. */
const SPARE_S = 8;
/** Whatever has not begun by then would only stand in the way, ms. */
const LONGEST_MS = 20_000;

/** The medium to be fetched ahead now, if any. */
export function wanted(
  room: Snapshot,
  position: number,
  bufferedAhead: number,
): { item: ItemId; media: QueuedMedia & { url: string } } | null {
  const next = room.queue[0];
  const end = room.timeline.duration;
  if (!next?.media.url || !room.policy.auto_advance || end === null) return null;
  const left = (end - position) / Math.max(0.25, room.timeline.rate);
  if (left > AHEAD_S || bufferedAhead < Math.min(SPARE_S, left - 0.5)) return null;
  return { item: next.item, media: { ...next.media, url: next.media.url } };
}

export class Prewarm {
  #item: ItemId | null = null;
  #drop: (() => void) | null = null;

  /** Called as the position moves; fetches each item once. */
  consider(item: ItemId, address: string): void {
    if (item === this.#item) return;
    this.stop();
    this.#item = item;
    const player = document.createElement('video');
    player.muted = true;
    player.preload = 'auto';
    const drop = (): void => {
      clearTimeout(timer);
      player.removeEventListener('canplay', drop);
      player.removeEventListener('error', drop);
      player.removeAttribute('src');
      player.load();
      this.#drop = null;
    };
    const timer = setTimeout(drop, LONGEST_MS);
    player.addEventListener('canplay', drop);
    player.addEventListener('error', drop);
    this.#drop = drop;
    player.src = address;
  }

  stop(): void {
    this.#drop?.();
  }
}
