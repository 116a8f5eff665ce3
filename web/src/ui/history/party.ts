// What a past party's numbers mean for somebody who might go on with it.
import type { PartyPast } from '../../net/me';

/** Past this share of a film only the credits are left: going on means watching it again. */
const DONE_SHARE = 0.95;

/** Whether there is nothing left to resume. Without a length that is never known. */
export function finished(last: NonNullable<PartyPast['last']>): boolean {
  return last.duration !== null && last.position >= last.duration * DONE_SHARE;
}

/** 12 -> "12", 0.42 -> "0.4", 0.01 -> "under 0.1". */
export function perMinute(rate: number): string {
  if (rate >= 10) return String(Math.round(rate));
  const shown = Number(rate.toFixed(1));
  return shown === 0 ? 'under 0.1' : String(shown);
}
