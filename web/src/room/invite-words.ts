// Counted and expiring invite links in words. Pure.
import { span } from './phrases';

export const USES: readonly { value: number | null; text: string }[] = [
  { value: 1, text: 'One person' },
  { value: 5, text: '5 people' },
  { value: 20, text: '20 people' },
  { value: null, text: 'Any number' },
];

const HOUR_MS = 3_600_000;
export const LASTS: readonly { value: number | null; text: string }[] = [
  { value: HOUR_MS, text: 'One hour' },
  { value: 24 * HOUR_MS, text: 'One day' },
  { value: 7 * 24 * HOUR_MS, text: 'One week' },
  { value: null, text: 'As long as the room' },
];

export interface InviteState {
  uses_left: number | null;
  until: number | null;
}

/** "for 1 more person · 58 min left", "used up", "expired". */
export function inviteStateText(invite: InviteState, now: number): string {
  if (invite.uses_left !== null && invite.uses_left <= 0) return 'used up';
  if (invite.until !== null && invite.until <= now) return 'expired';
  const who =
    invite.uses_left === null
      ? 'for any number'
      : `for ${invite.uses_left} more ${invite.uses_left === 1 ? 'person' : 'people'}`;
  return invite.until === null ? who : `${who} · ${left((invite.until - now) / 1000)} left`;
}

export function isSpent(invite: InviteState, now: number): boolean {
  return (
    (invite.uses_left !== null && invite.uses_left <= 0) ||
    (invite.until !== null && invite.until <= now)
  );
}

/** Days where hours would be hard to read. */
function left(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return days >= 2 ? `${days} days` : span(seconds);
}
