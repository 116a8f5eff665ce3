import { describe, expect, it } from 'vitest';

import { isGoing } from './apply';
import { pieces, typingText, weave } from './chat-lines';
import type { ChatMessage, Snapshot } from './model';
import { actText, clock, memberStanding, names, skewStanding, span, spokenClock } from './phrases';
import { PRESETS, presetOf, presetPatch, rulesText } from './presets';
import { stageStatus } from './stage-status';
import { member, room } from './testing';

const said = (id: number, by: number, at: number, text = 'x'): ChatMessage => ({
  id,
  by,
  name: by === 1 ? 'Ann' : 'Ben',
  text,
  at,
  item: null,
  position: null,
  reply_to: null,
});

describe('times', () => {
  it('read as on a player and as said aloud', () => {
    expect([clock(0), clock(61.5), clock(3723), clock(null), clock(NaN)]).toEqual([
      '0:00',
      '1:01',
      '1:02:03',
      '–:––',
      '–:––',
    ]);
    expect(spokenClock(3661)).toBe('1 hour 1 minute 1 second');
    expect(spokenClock(0)).toBe('0 seconds');
    expect([span(45), span(600), span(7500)]).toEqual(['45 s', '10 min', '2 h 5 min']);
  });
});

describe('standing', () => {
  it('is told by colour and in words', () => {
    expect(skewStanding(4, 'playing')).toEqual({ tone: 'good', text: 'in step · 4 ms ahead' });
    expect(skewStanding(-90, 'playing')).toEqual({ tone: 'near', text: '90 ms behind' });
    expect(skewStanding(-1500, 'playing')).toEqual({ tone: 'far', text: '1.5 s behind' });
    expect(skewStanding(3, 'buffering').text).toBe('loading');
  });

  it('of who is away or never reports says so', () => {
    const away = member(2, 'Ben', { present: false, away_since: 1000 });
    expect(memberStanding(away, undefined, 21_000).text).toBe('away for 20 s');
    expect(memberStanding(member(3, 'TV', { reports: false }), undefined, 0).text).toBe(
      'follows along',
    );
  });
});

describe('who did what', () => {
  it('names the author, or you', () => {
    const start = room();
    const event = { event: 'timeline', cause: 'seek', timeline: start.timeline } as const;
    expect(actText(start, { ...event, by: 1 })).toBe('Ann skipped to 1:00');
    expect(actText(start, { ...event, by: 2 })).toBe('You skipped to 1:00');
    expect(actText(start, { ...event, by: null })).toBeNull();
  });

  it('lists people readably', () => {
    expect(names(['Ann', 'Ben', 'Cleo', 'Dan'])).toBe('Ann, Ben and 2 others');
    expect(typingText([1, 2], (id) => (id === 1 ? 'Ann' : 'Ben'))).toBe('Ann and Ben are typing…');
  });
});

describe('chat lines', () => {
  it('group one person’s messages and weave activity in by time', () => {
    const activity = { id: 1, at: 25, by: 1, text: 'Ann paused', count: 1 };
    const lines = weave(
      [said(1, 1, 10), said(2, 1, 20), said(3, 1, 30), said(4, 2, 40)],
      [activity],
    );
    expect(lines.map((line) => (line.kind === 'message' ? line.first : line.kind))).toEqual([
      true,
      false,
      'activity',
      true,
      true,
    ]);
  });

  it('make links of web addresses only, without the full stop after them', () => {
    expect(pieces('see https://a.example/x. javascript:alert(1)', [], '')).toEqual([
      { kind: 'text', text: 'see ' },
      { kind: 'link', text: 'https://a.example/x', href: 'https://a.example/x' },
      { kind: 'text', text: '. javascript:alert(1)' },
    ]);
  });

  it('know mentions by the longest name, and one’s own', () => {
    expect(pieces('@Ann Lee and @ben', ['Ann', 'Ann Lee', 'Ben'], 'Ben')).toEqual([
      { kind: 'mention', text: '@Ann Lee', me: false },
      { kind: 'text', text: ' and ' },
      { kind: 'mention', text: '@ben', me: true },
    ]);
    expect(pieces('mail@ann', ['Ann'], 'Ann')).toEqual([{ kind: 'text', text: 'mail@ann' }]);
  });
});

describe('the stage', () => {
  const status = (start: Snapshot, more: object = {}) =>
    stageStatus({
      room: start,
      connection: 'open',
      now: 1_000_500,
      buffering: false,
      problem: null,
      blocked: false,
      loaded: true,
      ...more,
    });

  it('says whom a player waits for whose film has not come so far', () => {
    const arriving = { by: 1, sent: 43, size: 100 };
    expect(status(room(), { arriving })).toMatchObject({
      kind: 'arriving',
      title: 'Still being uploaded by Ann',
      detail: '43 % is here. It goes on by itself as more arrives.',
    });
    const own = { arriving: { ...arriving, by: 2 }, problem: 'no more data' };
    expect(status(room(), own).title).toBe('Still being uploaded by you');
  });

  it('says that the room waits for an upload, whoever pressed play', () => {
    const start = room();
    const held = room({ timeline: { ...start.timeline, playing: false, held: true, bound: 60 } });
    expect(status(held)).toMatchObject({
      kind: 'arriving',
      title: 'Paused until more of the film has arrived',
      actions: [],
    });
    const arriving = { by: 1, sent: 43, size: 100 };
    expect(status(held, { arriving }).title).toBe('Still being uploaded by Ann');
    expect(isGoing(held)).toBe(true);
  });

  it('stays clear while all is well', () => {
    expect(status(room()).kind).toBe('clear');
  });

  it('says who is loading, until when, and lets who may start anyway', () => {
    const barrier = { item: 1, purpose: 'start', deadline: 1_005_400, ready: [2], waiting: [1] };
    expect(status(room({ barrier }))).toMatchObject({
      kind: 'barrier',
      title: 'Waiting for Ann',
      detail: 'Starts by itself, in 5 s at the latest.',
      actions: ['start'],
    });
  });

  it('leaves the picture free while people load and nobody pressed play', () => {
    const start = room();
    const barrier = { item: 1, purpose: 'load', deadline: 1_005_400, ready: [2], waiting: [1] };
    const resting = room({ barrier, timeline: { ...start.timeline, playing: false } });
    expect(status(resting)).toMatchObject({
      kind: 'paused',
      detail: 'Ann is still loading',
      actions: ['play'],
    });
  });

  it('offers asking to who may not play', () => {
    const start = room();
    const rights = { ...start.you.rights, play: false, ask: true };
    const paused = room({
      timeline: { ...start.timeline, playing: false },
      you: { member: 2, rights },
    });
    expect(status(paused)).toMatchObject({ kind: 'paused', actions: ['ask_play'] });
  });

  it('tells an empty room’s host what to do, and its guest what to expect', () => {
    const empty = room({ media: null });
    expect(status(empty).actions).toContain('choose');
    const rights = { ...empty.you.rights, queue: false };
    expect(status({ ...empty, you: { member: 2, rights } }).actions).toEqual(['invite']);
  });

  it('shows a problem with a way on, and a wanted click', () => {
    expect(status(room(), { problem: 'The file is gone.' })).toMatchObject({
      kind: 'problem',
      detail: 'The file is gone.',
      actions: ['retry_media', 'choose'],
    });
    expect(status(room(), { blocked: true }).kind).toBe('blocked');
  });

  it('does not blame the browser for an address where nothing is', () => {
    const start = room();
    const media = start.media && { ...start.media, kind: 'url' };
    expect(status(room({ media }), { problem: 'Not supported.' }).detail).toContain('address');
  });

  it('offers the next one at the end, or the same once more, to who may', () => {
    const start = room();
    const timeline = { ...start.timeline, playing: false, position: 600, duration: 600 };
    expect(status(room({ timeline })).actions).toContain('again');
    const rights = { ...start.you.rights, play: false, seek: false, queue: false };
    expect(status(room({ timeline, you: { ...start.you, rights } })).actions).toEqual([]);
  });

  it('counts down to a start that is worth a number', () => {
    const start = room();
    const soon = (ms: number) =>
      status(room({ timeline: { ...start.timeline, at: 1_000_500 + ms } }));
    expect(soon(2500).title).toBe('Starting in 3');
    expect(soon(300).kind).toBe('clear');
  });
});

describe('presets', () => {
  it('are recognised from the policy they make', () => {
    for (const preset of PRESETS) {
      const start = room().policy;
      const policy = { ...start, controls: { ...start.controls, ...presetPatch(preset).controls } };
      expect(presetOf(policy)?.key).toBe(preset.key);
    }
  });

  it('read as rules', () => {
    expect(rulesText(room().policy)[0]).toBe('Everybody may play and pause.');
  });
});
