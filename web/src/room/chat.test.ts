import { describe, expect, it } from 'vitest';

import { History } from './history.svelte';
import { candidates, completed, namesMe, namingAt } from './mentions';
import type { ChatMessage } from './model';
import { Spoilers, tooEarly } from './spoilers.svelte';
import { member, room } from './testing';

const said = (id: number, more: Partial<ChatMessage> = {}): ChatMessage => ({
  id,
  by: 1,
  name: 'Ann',
  text: `m${id}`,
  at: id,
  item: 1,
  position: id,
  reply_to: null,
  ...more,
});
const run = (from: number, to: number): ChatMessage[] =>
  Array.from({ length: to - from + 1 }, (_, i) => said(from + i));
const ids = (list: readonly ChatMessage[]): number[] => list.map(({ id }) => id);

describe('history', () => {
  const server = (total: number) => async (before: number) => {
    const messages = run(Math.max(1, before - 50), before - 1);
    return { messages, more: before - 50 > 1 && total > 0 };
  };

  it('is paged back to the very first message, without holes', async () => {
    const history = new History('x', server(170));
    const tail = run(121, 170);
    while (history.more(tail)) expect(await history.load(tail)).toBe(true);
    expect(ids(history.all(tail))).toEqual(ids(run(1, 170)));
    expect(await history.load(tail)).toBe(false);
  });

  it('is not looked for where the first message is there', () => {
    expect(new History('x', server(3)).more(run(1, 3))).toBe(false);
    expect(new History('x', server(3)).more([])).toBe(false);
  });

  it('keeps what falls off the tail, and starts anew after a hole', async () => {
    const history = new History('x', server(170));
    const tail = run(121, 170);
    await history.load(tail);
    const moved = run(141, 190);
    history.tailMoved([...tail, ...run(171, 190)], moved);
    expect(ids(history.all(moved))).toEqual(ids(run(71, 190)));
    const far = run(900, 950);
    history.tailMoved(moved, far);
    expect(ids(history.all(far))).toEqual(ids(far));
    expect(history.more(far)).toBe(true);
  });

  it('tells of a deletion further up', async () => {
    const history = new History('x', server(170));
    await history.load(run(121, 170));
    history.deleted(100);
    expect(history.older.find(({ id }) => id === 100)).toMatchObject({ text: '', deleted: true });
  });

  it('says when it could not be read, and can be asked again', async () => {
    let broken = true;
    const history = new History('x', async (before) => {
      if (broken) throw new Error('No connection.');
      return { messages: run(1, before - 1), more: false };
    });
    expect(await history.load(run(5, 9))).toBe(false);
    expect(history.trouble).toBe('No connection.');
    broken = false;
    expect(await history.load(run(5, 9))).toBe(true);
    expect(history.trouble).toBeNull();
  });
});

describe('mentions', () => {
  const people = room({
    members: [
      member(1, 'Ann', { role: 'host' }),
      member(2, 'Ben'),
      member(3, 'Ann Lee', { present: false }),
      member(4, 'Joanna'),
    ],
  });

  it('begin with an @ at a word’s beginning, and may hold a space', () => {
    expect(namingAt('hi @an', 6)).toEqual({ from: 3, query: 'an' });
    expect(namingAt('@Ann L', 6)).toEqual({ from: 0, query: 'Ann L' });
    expect(namingAt('mail@an', 7)).toBeNull();
    expect(namingAt('hi @an and more words', 21)).toBeNull();
    expect(namingAt('hi @an', 2)).toBeNull();
  });

  it('offer who is there first, never oneself', () => {
    expect(candidates(people, 'an').map(({ name }) => name)).toEqual(['Ann', 'Ann Lee']);
    expect(candidates(people, 'lee').map(({ name }) => name)).toEqual(['Ann Lee']);
    expect(candidates(people, 'ben')).toEqual([]);
  });

  it('are completed in the middle of a sentence', () => {
    const naming = { from: 3, query: 'an' };
    expect(completed('hi @an, look', naming, 'Ann Lee')).toEqual({
      text: 'hi @Ann Lee , look',
      caret: 12,
    });
    expect(completed('hi @an look', naming, 'Ann')).toEqual({ text: 'hi @Ann look', caret: 8 });
  });

  it('count by the server’s word, else by the text', () => {
    expect(namesMe(said(1, { mentions: [2] }), people)).toBe(true);
    expect(namesMe(said(1, { mentions: [], text: '@Ben' }), people)).toBe(false);
    expect(namesMe(said(1, { text: 'hey @ben!' }), people)).toBe(true);
    expect(namesMe(said(1, { by: 2, mentions: [2] }), people)).toBe(false);
    expect(namesMe(said(1, { deleted: true, mentions: [2] }), people)).toBe(false);
  });
});

describe('spoiler-safe reading', () => {
  const here = (position: number) => () => ({ item: 1, position });

  it('hides what was said at a later moment, until it is reached, and then for good', () => {
    const spoilers = new Spoilers();
    const chat = [said(1, { position: 10 }), said(2, { position: 500 })];
    expect(spoilers.read(chat, here(20), 9).shown).toBe(chat);
    spoilers.set(true);
    expect(ids(spoilers.read(chat, here(20), 9).shown)).toEqual([1]);
    expect(ids(spoilers.read(chat, here(20), 9).hidden)).toEqual([2]);
    expect(ids(spoilers.read(chat, here(499), 9).shown)).toEqual([1, 2]);
    expect(ids(spoilers.read(chat, here(20), 9).shown)).toEqual([1, 2]);
  });

  it('never hides one’s own words, another film’s, or what one asked to see', () => {
    const spoilers = new Spoilers();
    spoilers.set(true);
    const mine = said(1, { position: 500, by: 9 });
    const other = said(2, { position: 500, item: 7 });
    const late = said(3, { position: 500 });
    const chat = [mine, other, late];
    expect(ids(spoilers.read(chat, here(0), 9).shown)).toEqual([1, 2]);
    spoilers.reveal([late]);
    expect(ids(spoilers.read(chat, here(0), 9).shown)).toEqual([1, 2, 3]);
  });

  it('stays the same object while nothing comes or goes', () => {
    const spoilers = new Spoilers();
    spoilers.set(true);
    const chat = [said(1, { position: 500 })];
    expect(spoilers.read(chat, here(1), 9)).toBe(spoilers.read(chat, here(2), 9));
  });

  it('allows for the distance between two players in step', () => {
    expect(tooEarly({ item: 1, position: 11.5 }, { item: 1, position: 10 })).toBe(false);
    expect(tooEarly({ item: 1, position: 13 }, { item: 1, position: 10 })).toBe(true);
    expect(tooEarly({ item: null, position: null }, { item: 1, position: 10 })).toBe(false);
  });
});
