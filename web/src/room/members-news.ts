// What a change among the members is worth saying, and to whom. Pure.
import { memberById } from './apply';
import type { MemberId, RoomEvent, Snapshot } from './model';

export interface News {
  /** A later one of the same key replaces it. */
  key: string;
  text: string;
  /** What could be taken back from here by those who manage people. */
  undo: { do: 'unban' | 'admit'; member: MemberId } | null;
}

export type MembersEvent = Extract<RoomEvent, { event: 'members' }>;

/** In rooms of more than this nobody is told of each who comes and goes. */
const CROWD = 50;

/** Who came, went or has another role now; `before` is the room before the event. */
export function membersNews(before: Snapshot, event: MembersEvent): News[] {
  const me = before.you.member;
  const crowd = event.people > CROWD;
  const news: News[] = [];
  const add = (member: MemberId, text: string, undo: News['undo'] = null): void =>
    void news.push({ key: `who-${member}`, text, undo });

  for (const member of event.members) {
    const known = memberById(before, member.id);
    const mine = member.id === me;
    if (!known) {
      if (!mine && !crowd && member.standing === 'admitted')
        add(member.id, `${member.name} is here`);
    } else if (known.role !== member.role) {
      const text = roleNews(member.name, mine, known.role, member.role);
      if (text) add(member.id, text);
    } else if (known.muted !== member.muted && mine)
      add(member.id, member.muted ? 'The host has muted you' : 'You may write again');
  }
  for (const gone of event.gone) {
    const knocked = before.pending.find((member) => member.id === gone.member);
    if (knocked && gone.reason === 'denied')
      add(gone.member, `${knocked.name} was not let in`, { do: 'admit', member: gone.member });
    const known = memberById(before, gone.member);
    if (!known || gone.member === me) continue;
    if (gone.reason === 'left' && !crowd) add(gone.member, `${known.name} left`);
    if (gone.reason === 'kicked') add(gone.member, `${known.name} was sent out`);
    if (gone.reason === 'banned')
      add(gone.member, `${known.name} is banned`, { do: 'unban', member: gone.member });
  }
  return news;
}

function roleNews(name: string, mine: boolean, was: string, is: string): string | null {
  if (is === 'host') return mine ? 'You are the host now' : `${name} is the host now`;
  // Whoever handed the room over has just heard of the new host.
  if (was === 'host') return null;
  if (is === 'co_host') return mine ? 'You are a co-host now' : `${name} is a co-host now`;
  return mine ? 'You are no longer a co-host' : `${name} is no longer a co-host`;
}
