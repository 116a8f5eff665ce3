// What comes next is fetched ahead, so that it starts when its turn comes: a player of its own, in no
// document and without sound, reads as much of it as any player needs to begin (also an index at the
// file's end) and is dropped. The browser's cache and the server's keep what it read. Of a film that has to be
// converted the first segments are asked for, so that the server has begun when its turn comes.
import { resolve } from '../net/request';
import { type Way, wayOf } from '../net/way';
import { abilities } from './abilities';
import type { ItemId, QueuedMedia, Snapshot } from './model';
import { streamByAddress } from './stream-form';

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
  // A provider hears of nobody before its film is on; a stream's list alone would warm nothing.
  if (next.media.kind === 'embed' || streamByAddress(next.media.url)) return null;
  const left = (end - position) / Math.max(0.25, room.timeline.rate);
  if (left > AHEAD_S || bufferedAhead < Math.min(SPARE_S, left - 0.5)) return null;
  return { item: next.item, media: { ...next.media, url: next.media.url } };
}

export class Prewarm {
  #item: ItemId | null = null;
  #drop: (() => void) | null = null;

  /** Called as the position moves; fetches each item once. */
  consider(item: ItemId, address: string, needs: readonly string[] = []): void {
    if (item === this.#item) return;
    this.stop();
    this.#item = item;
    void abilities().then((words) => {
      if (item !== this.#item) return;
      if (needs.every((word) => words.includes(word))) this.#read(address);
      else void convert(address, words);
    });
  }

  #read(address: string): void {
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

/** Has the server convert the beginning; what comes is not kept, the server's cache does that. */
async function convert(address: string, words: readonly string[]): Promise<void> {
  const way = await wayOf(address, words, false).catch((): Way | null => null);
  if (!way?.hls || way.way === 'direct') return;
  const playlist = resolve(way.hls);
  const text = await fetch(playlist).then(
    (answer) => (answer.ok ? answer.text() : ''),
    () => '',
  );
  await Promise.all(
    beginnings(text).map((part) => fetch(new URL(part, playlist)).catch(() => undefined)),
  );
}

/** The first segments of the best picture and of the sound that plays by default. Pure. */
export function beginnings(master: string): string[] {
  const lines = master.split('\n');
  const best = lines.find((line) => line !== '' && !line.startsWith('#'));
  const sound = lines.find((line) => line.includes('TYPE=AUDIO') && line.includes('DEFAULT=YES'));
  const lists = [best, /URI="([^"]+)"/.exec(sound ?? '')?.[1]];
  return lists.flatMap((list) => {
    const name = /^([a-z0-9]+)\.m3u8$/.exec(list ?? '')?.[1];
    return name === undefined ? [] : [`${name}/0.m4s`];
  });
}
