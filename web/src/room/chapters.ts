// Where one is in a film by its chapters, what may be skipped there, and what comes next. Pure.
import type { Chapter, Sheets } from '../net/marks';
import type { Snapshot } from './model';

/** Back to the last chapter's beginning only this soon after it, s; later to the own one's. */
const BACK_S = 3;
/** With less left of an intro nobody reaches for a button, s. */
const WORTH_S = 4;
/** How long before what follows is put on people are told, s of their time. */
export const NOTICE_S = 15;

/** What people call it: its name, or its number. */
export function chapterName(chapters: readonly Chapter[], index: number): string {
  return chapters[index]?.title || `Chapter ${index + 1}`;
}

/** Index of the chapter at `position`; -1 before the first. */
export function chapterAt(chapters: readonly Chapter[], position: number): number {
  return chapters.findLastIndex(({ start }) => start <= position);
}

/** Where the next chapter begins, or this one or the one before; null where there is none. */
export function neighbour(
  chapters: readonly Chapter[],
  position: number,
  way: 'next' | 'previous',
): number | null {
  if (chapters.length < 2) return null;
  const here = chapterAt(chapters, position);
  if (way === 'next') return chapters[here + 1]?.start ?? null;
  const start = chapters[here]?.start ?? 0;
  if (position - start > BACK_S) return start;
  return chapters[here - 1]?.start ?? 0;
}

export interface Skip {
  label: string;
  /** Where to, s. */
  to: number;
}

/** What may be skipped at `position`, by the names of chapters. */
export function skipAt(chapters: readonly Chapter[], position: number): Skip | null {
  const here = chapterAt(chapters, position);
  const chapter = chapters[here];
  if (!chapter?.kind || chapter.end - position < WORTH_S) return null;
  // Past the last chapter there is nothing to see.
  if (!chapters[here + 1]) return null;
  const what = { intro: 'the intro', recap: 'the recap', credits: 'the credits' }[chapter.kind];
  return { label: `Skip ${what}`, to: chapter.end };
}

/** Where the picture of a moment is: on which sheet, and how far from its left and top edge, px. */
export function pictureAt(
  { step, columns, rows, width, height, count }: Sheets,
  position: number,
): { sheet: number; x: number; y: number } {
  const number = Math.min(count - 1, Math.max(0, Math.floor(position / step)));
  const place = number % (columns * rows);
  return {
    sheet: Math.floor(number / (columns * rows)),
    x: (place % columns) * width,
    y: Math.floor(place / columns) * height,
  };
}

export interface UpNext {
  title: string;
  poster: string | null;
  /** Whole seconds until it is put on. */
  seconds: number;
}

/** What follows by itself within moments, if nobody does anything. */
export function upNext(room: Snapshot, position: number): UpNext | null {
  const [line, next] = [room.timeline, room.media?.next];
  if (!next || next.held || room.queue.length > 0 || !room.policy.auto_advance) return null;
  if (!line.playing || line.duration === null) return null;
  // Who skipped behind the place wants to see what is there: then it comes at the end.
  const at = next.at !== null && line.position < next.at ? next.at : line.duration;
  const left = (at - position) / line.rate;
  if (left > NOTICE_S || left < 0) return null;
  const { title, poster = null } = next.media;
  return { title, poster, seconds: Math.ceil(left) };
}
