// Lines of the audit log as sentences. Pure.
import { dayTime } from '../ui/when';
import type { Act } from './model';
import { span } from './phrases';

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

/** Rules that are spans, ms. */
const SPANS = [
  'slow_mode',
  'cool_down',
  'window',
  'duplicate_span',
  'idle_expiry',
  'span',
  'deadline',
];

/** "chat.slow_mode=10000" -> "slow mode: 10 s". What can't be read so stays as it is. */
function ruleText(rule: string): string {
  const [path, value] = rule.split('=');
  if (path === undefined || value === undefined) return rule;
  const key = path.split('.').at(-1) ?? path;
  const shown =
    SPANS.includes(key) && /^\d+$/.test(value)
      ? span(Number(value) / 1000)
      : ({ true: 'on', false: 'off', co_hosts: 'host and co-hosts' }[value] ??
        value.replaceAll('_', ' '));
  const name = path === 'chat.enabled' ? 'chat' : key.replaceAll('_', ' ');
  return `${name}: ${shown}`;
}

/** What a detail means, where it is not for people as it stands; null: nothing to add. */
function detailText(act: Act): string | null {
  switch (act.act) {
    case 'ban':
      return act.detail === 'address' ? 'and their address' : act.detail;
    case 'schedule':
      return act.detail === 'none' || act.detail === null
        ? 'no fixed time'
        : dayTime(Number(act.detail));
    case 'policy':
      return act.detail === null ? null : act.detail.split(', ').map(ruleText).join(', ');
    case 'delete_message':
      return null;
    case 'password':
      return act.detail === 'removed' ? 'to none' : null;
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
