import { describe, expect, it } from 'vitest';

import type { Chapter } from '../net/marks';
import { chapterAt, chapterName, neighbour, pictureAt, skipAt, upNext } from './chapters';
import { room } from './testing';

const chapters: Chapter[] = [
  { start: 0, end: 30, title: 'Recap', kind: 'recap' },
  { start: 30, end: 90, title: 'Opening', kind: 'intro' },
  { start: 90, end: 540, title: '', kind: null },
  { start: 540, end: 600, title: 'Credits', kind: 'credits' },
];

describe('chapters', () => {
  it('are found by position, and have a name in any case', () => {
    expect([-1, 0, 29, 30, 599].map((at) => chapterAt(chapters, at))).toEqual([-1, 0, 0, 1, 3]);
    expect(chapterName(chapters, 1)).toBe('Opening');
    expect(chapterName(chapters, 2)).toBe('Chapter 3');
  });

  it('are gone through as on a disc', () => {
    expect(neighbour(chapters, 40, 'next')).toBe(90);
    expect(neighbour(chapters, 560, 'next')).toBeNull();
    expect(neighbour(chapters, 40, 'previous')).toBe(30);
    expect(neighbour(chapters, 31, 'previous')).toBe(0);
    expect(neighbour(chapters, 1, 'previous')).toBe(0);
    expect(neighbour(chapters.slice(0, 1), 1, 'next')).toBeNull();
  });

  it('are skipped where their name says so and something comes behind them', () => {
    expect(skipAt(chapters, 10)).toEqual({ label: 'Skip the recap', to: 30 });
    expect(skipAt(chapters, 30)).toEqual({ label: 'Skip the intro', to: 90 });
    expect(skipAt(chapters, 88)).toBeNull();
    expect(skipAt(chapters, 300)).toBeNull();
    expect(skipAt(chapters, 550)).toBeNull();
  });
});

describe('the pictures of the seek bar', () => {
  const sheets = {
    step: 5,
    columns: 10,
    rows: 10,
    width: 192,
    height: 108,
    count: 120,
    sheets: [],
  };

  it('are on their sheets row by row', () => {
    expect(pictureAt(sheets, 0)).toEqual({ sheet: 0, x: 0, y: 0 });
    expect(pictureAt(sheets, 61)).toEqual({ sheet: 0, x: 384, y: 108 });
    expect(pictureAt(sheets, 502)).toEqual({ sheet: 1, x: 0, y: 0 });
    expect(pictureAt(sheets, 9_999)).toEqual({ sheet: 1, x: 9 * 192, y: 108 });
  });
});

describe('the next episode', () => {
  const base = room();
  const next = {
    media: { kind: 'library', key: 'm2', title: 'Two', duration: 600 },
    at: 555,
    held: false,
  };
  const episode = room({ media: base.media && { ...base.media, next } });

  it('is told of shortly before it is put on', () => {
    expect(upNext(episode, 539)).toBeNull();
    expect(upNext(episode, 541)).toEqual({ title: 'Two', poster: null, seconds: 14 });
    expect(upNext(base, 599)).toBeNull();
  });

  it('is not where it was held back, where the queue has something, or nothing follows by itself', () => {
    const media = base.media && { ...base.media, next: { ...next, held: true } };
    expect(upNext({ ...episode, media }, 550)).toBeNull();
    const queue = [{ item: 2, media: next.media, added_by: 1, votes: [] }];
    expect(upNext({ ...episode, queue }, 550)).toBeNull();
    const policy = { ...episode.policy, auto_advance: false };
    expect(upNext({ ...episode, policy }, 550)).toBeNull();
  });

  it('comes at the end for a room that skipped into the credits', () => {
    const skipped = { ...episode, timeline: { ...episode.timeline, position: 560 } };
    expect(upNext(skipped, 570)).toBeNull();
    expect(upNext(skipped, 590)?.seconds).toBe(10);
  });
});
