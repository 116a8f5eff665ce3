import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Activities } from './activity.svelte';
import { actSentence } from './audit-words';
import { Draft } from './draft.svelte';
import { farewell } from './farewell';
import { inviteStateText, isSpent } from './invite-words';
import type { Act, ReactionNote } from './model';
import { absenceKey, ABSENCES } from './presets';
import { myRightsText, silence, whoMay, whyNot } from './rights-words';
import { countdownText } from './schedule';
import { MAX_FLIGHTS, Sky } from './sky.svelte';
import { member, room } from './testing';
import { Refused } from '../net/socket';

describe('rights in words', () => {
  it('say who can instead, and nothing where one can', () => {
    const start = room();
    expect(whyNot(start, 'play')).toBeNull();
    expect(whyNot(start, 'people')).toBe(
      'The host and co-hosts can let people in, mute, send out and ban here.',
    );
    const policy = {
      ...start.policy,
      controls: { ...start.policy.controls, seek: 'host' },
    } as const;
    expect(whoMay(policy, 'seek')).toBe('Only the host can skip here.');
  });

  it('list every right once, as a sentence', () => {
    const lines = myRightsText(room());
    expect(lines).toHaveLength(7);
    expect(lines[0]).toEqual({ may: true, text: 'You can play and pause.' });
  });

  it('tell why nothing can be written', () => {
    const start = room();
    expect(silence(start)).toBeNull();
    expect(silence(room({ members: [member(2, 'Ben', { muted: true })] }))).toContain('muted');
    const off = { ...start.policy, chat: { ...start.policy.chat, enabled: false } };
    expect(silence(room({ policy: off }))).toContain('off');
  });
});

describe('a scheduled start', () => {
  it('counts down in the largest units that matter', () => {
    expect([90_061_000, 3_723_000, 245_000, 1].map(countdownText)).toEqual([
      '1 day 1 h',
      '1:02:03',
      '4:05',
      '0:01',
    ]);
  });
});

describe('invite links', () => {
  it('say what is left of them', () => {
    expect(inviteStateText({ uses_left: 1, until: null }, 0)).toBe('for 1 more person');
    expect(inviteStateText({ uses_left: null, until: 5 * 86_400_000 }, 0)).toBe(
      'for any number · 5 days left',
    );
    expect(inviteStateText({ uses_left: 0, until: null }, 0)).toBe('used up');
    expect(isSpent({ uses_left: 3, until: 10 }, 10)).toBe(true);
    expect(isSpent({ uses_left: null, until: null }, 10)).toBe(false);
  });
});

describe('the audit log', () => {
  const act = (more: Partial<Act>): Act => ({
    id: 1,
    at: 0,
    by: { member: 1, name: 'Ann' },
    act: 'kick',
    target: { member: 2, name: 'Ben' },
    detail: null,
    ...more,
  });

  it('reads as sentences, also what a newer server does', () => {
    expect(actSentence(act({}))).toBe('Ann sent Ben out');
    expect(
      actSentence(
        act({
          act: 'policy',
          target: null,
          detail: 'chat.slow_mode=10000, controls.play=co_hosts',
        }),
      ),
    ).toBe('Ann changed the rules (slow mode: 10 s, play: host and co-hosts)');
    expect(actSentence(act({ act: 'ban', detail: 'address' }))).toBe(
      'Ann banned Ben (and their address)',
    );
    expect(actSentence(act({ act: 'inherit', target: { member: 1, name: 'Ann' } }))).toBe(
      'Ann became the host',
    );
    expect(actSentence(act({ act: 'schedule', target: null, detail: 'none' }))).toBe(
      'Ann changed the time of the start (no fixed time)',
    );
    expect(actSentence(act({ act: 'new_thing', by: null }))).toBe('The server new thing Ben');
  });

  it('never lets a name play tricks with the sentence', () => {
    expect(actSentence(act({ target: { member: 2, name: '$& %' } }))).toBe('Ann sent $& % out');
  });
});

describe('quiet lines', () => {
  it('make one line of one person’s fiddling, and one of a crowd', () => {
    const lines = new Activities();
    lines.note(1, 'Ann skipped to 1:00', 1000, true);
    lines.note(1, 'Ann skipped to 2:00', 2000, true);
    lines.note(1, 'Ann pressed play', 3000, true);
    lines.came('Ben', 4000);
    lines.came('Cleo', 5000);
    lines.came('Ben', 6000);
    lines.went('Ben', 7000);
    expect(lines.list.map(({ text, count }) => [text, count])).toEqual([
      ['Ann pressed play', 3],
      ['Cleo and Ben came in', 1],
      ['Ben left', 1],
    ]);
  });
});

describe('reactions', () => {
  beforeEach(() => void vi.useFakeTimers());
  const note = (position: number): ReactionNote => ({
    by: 1,
    emoji: '🔥',
    item: 1,
    position,
    at: 0,
  });

  it('are limited, and the rest is a number', () => {
    const sky = new Sky();
    sky.take(
      Array.from({ length: 50 }, () => note(1)),
      300,
      () => false,
    );
    vi.advanceTimersByTime(2000);
    expect(sky.list.length).toBe(MAX_FLIGHTS);
    expect(sky.rest).toBe(50 - MAX_FLIGHTS + 300);
    vi.advanceTimersByTime(10_000);
    expect([sky.list.length, sky.rest]).toEqual([0, 0]);
  });

  it('wait for their moment where somebody wants that', () => {
    const sky = new Sky();
    let here = 10;
    const early = (each: ReactionNote): boolean => (each.position ?? 0) > here;
    sky.take([note(5), note(60)], 0, early);
    vi.advanceTimersByTime(100);
    expect(sky.list.length).toBe(1);
    here = 61;
    sky.reached(1, early);
    vi.advanceTimersByTime(100);
    expect(sky.list.length).toBe(2);
  });
});

describe('what is being written', () => {
  const rules = room().policy.chat;

  it('stays after a refusal, with the reason', async () => {
    const draft = new Draft('x', async () => new Refused('blocked_word', 'Not that word.'));
    draft.write('egg');
    await draft.send(rules);
    expect([draft.text, draft.trouble]).toEqual(['egg', 'Not that word.']);
    draft.write('eggs');
    expect(draft.trouble).toBeNull();
  });

  it('is held for as long as the server says, and not sent again before', async () => {
    const say = vi.fn(async () => new Refused('too_fast', 'Too fast.', 5000));
    const draft = new Draft('x', say);
    draft.write('again');
    await draft.send(rules);
    expect(draft.wait()).toBe(5);
    await draft.send(rules);
    expect(say).toHaveBeenCalledTimes(1);
    expect(draft.text).toBe('again');
  });

  it('keeps what was typed while the last one was on its way', async () => {
    const draft = new Draft('x', async () => {
      draft.write('one two');
      return null;
    });
    draft.write('one');
    await draft.send(rules);
    expect(draft.text).toBe(' two');
  });

  it('waits by itself in slow mode', async () => {
    const draft = new Draft('x', async () => null);
    draft.write('hi');
    await draft.send({ ...rules, slow_mode: 30_000 });
    expect([draft.text, draft.wait(), draft.heldBy]).toEqual(['', 30, 'slow']);
  });
});

describe('the door', () => {
  it('says for every goodbye what to do next', () => {
    for (const code of ['invite_used', 'invite_expired', 'invite_needed', 'banned'])
      expect(farewell(code, 'No.').again, code).toBeNull();
    for (const code of ['denied', 'room_full', 'kicked', 'too_many_requests', 'from_the_future'])
      expect(farewell(code, 'No.').again, code).not.toBeNull();
  });

  it('knows each choice of what happens without a host again', () => {
    for (const each of ABSENCES) expect(absenceKey(each.policy)).toBe(each.key);
  });
});
