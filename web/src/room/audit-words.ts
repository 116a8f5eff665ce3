// Lines of the audit log as sentences. Pure.
import { dayTime } from '../ui/when';
import type { Act } from './model';

/** What an act reads like; `%` stands for the one it was done to. */
const ACTS: Record<string, string> = {
  admit: 'let % in',
  deny: 'did not let % in',
  kick: 'sent % out',
  ban: 'banned %',
  unban: 'lifted the ban of %',
  mute: 'muted %',
  unmute: 'let % write again',
  co_host: 'made % a co-host',
  co_host_end: 'took the co-host’s role from %',
  hand_over: 'handed the room over to %',
  inherit: 'made % the host',
  policy: 'changed the rules',
  rename: 'renamed the room',
  words: 'changed the word list',
  schedule: 'changed the time of the start',
  password: 'changed the password',
  invite: 'made an invite link',
  invite_revoke: 'revoked an invite link of %',
  delete_message: 'deleted a message of %',
  report_resolve: 'settled a report about %',
  end: 'ended the party',
  expire: 'closed the room, as nobody was left',
};

/** What a detail means, where it is not for people as it stands; null: nothing to add. */
function detailText(act: Act): string | null {
  switch (act.act) {
    case 'ban':
      return act.detail === 'address' ? 'and their address' : act.detail;
    case 'schedule':
      return act.detail === 'none' || act.detail === null
        ? 'no fixed time'
        : dayTime(Number(act.detail));
    case 'delete_message':
      return null;
    default:
      return act.detail;
  }
}

/** "Ann sent Ben out (too loud)". An act of a newer server reads by its own name. */
export function actSentence(act: Act): string {
  const who = act.by?.name ?? 'The server';
  const whom = act.target?.name ?? 'somebody';
  const known = ACTS[act.act];
  const said = known ?? act.act.replaceAll('_', ' ') + (act.target ? ' %' : '');
  const more = detailText(act);
  const detail = more ? ` (${more})` : '';
  if (act.act === 'inherit' && act.by && act.by.member === act.target?.member)
    return `${who} became the host${detail}`;
  return `${who} ${said.replace('%', () => whom)}${detail}`;
}
