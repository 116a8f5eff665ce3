import { describe, expect, it } from 'vitest';

import { membersNews, type MembersEvent } from './members-news';
import { member, room } from './testing';

const start = room();
const [host, guest] = start.members;
if (!host || !guest) throw new Error('the test room has a host and a guest');
const asGuest = { ...start, you: { ...start.you, member: guest.id } };
const change = (...members: typeof start.members): MembersEvent => ({
  event: 'members',
  members,
  gone: [],
  people: 2,
});

describe('news of the members', () => {
  it('tell the new host, and everybody else, once', () => {
    const event = change({ ...host, role: 'co_host' }, { ...guest, role: 'host' });
    expect(membersNews(asGuest, event).map((one) => one.text)).toEqual(['You are the host now']);
    const asHost = { ...start, you: { ...start.you, member: host.id } };
    expect(membersNews(asHost, event).map((one) => one.text)).toEqual([
      `${guest.name} is the host now`,
    ]);
  });

  it('greet who is new, but not oneself or somebody at the door', () => {
    const waiting = { ...member(9, 'Dan'), standing: 'pending' } as const;
    const event = change(member(8, 'Cleo'), waiting);
    expect(membersNews(start, event).map((one) => one.text)).toEqual(['Cleo is here']);
    expect(membersNews({ ...start, you: { ...start.you, member: 8 } }, event)).toEqual([]);
  });

  it('leave a crowd in peace: nobody is told of each who comes and goes', () => {
    const crowd = { ...change(member(8, 'Cleo')), people: 51 };
    expect(membersNews(asGuest, crowd)).toEqual([]);
    const left = { ...crowd, members: [], gone: [{ member: host.id, reason: 'left' as const }] };
    expect(membersNews(asGuest, left)).toEqual([]);
  });

  it('tell oneself of a mute, and nobody else', () => {
    const event = change({ ...guest, muted: true });
    expect(membersNews(asGuest, event).map((one) => one.text)).toEqual(['The host has muted you']);
    expect(membersNews({ ...start, you: { ...start.you, member: host.id } }, event)).toEqual([]);
  });

  it('offer to lift a ban, but have nothing to take back of a kick', () => {
    const gone = (reason: 'kicked' | 'banned'): MembersEvent => ({
      event: 'members',
      members: [],
      gone: [{ member: guest.id, reason }],
      people: 1,
    });
    const asHost = { ...start, you: { ...start.you, member: host.id } };
    expect(membersNews(asHost, gone('banned'))[0]?.undo).toEqual({
      do: 'unban',
      member: guest.id,
    });
    expect(membersNews(asHost, gone('kicked'))[0]?.undo).toBeNull();
  });

  it('offer to let somebody in after all who was denied', () => {
    const dan = member(9, 'Dan', { standing: 'pending' });
    const event: MembersEvent = {
      event: 'members',
      members: [],
      gone: [{ member: 9, reason: 'denied' }],
      people: 2,
    };
    expect(membersNews({ ...start, pending: [dan] }, event)).toEqual([
      { key: 'who-9', text: 'Dan was not let in', undo: { do: 'admit', member: 9 } },
    ]);
  });
});
