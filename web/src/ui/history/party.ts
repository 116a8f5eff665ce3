// What a past party's numbers mean for somebody who might go on with it.
import type { PartyPast } from '../../net/me';

/** As the server counts a film as seen: this share of it, or of a long one all but its last minutes. */
const DONE_SHARE = 0.95;
/** s */
const LONG = 1200;
/** s: the credits */
const CREDITS = 120;

/** Whether there is nothing left to resume. Without a length that is never known. */
export function finished(last: NonNullable<PartyPast['last']>): boolean {
  const { position, duration } = last;
  if (duration === null) return false;
  return position >= duration * DONE_SHARE || (duration >= LONG && duration - position < CREDITS);
}

/** 12 -> "12", 0.42 -> "0.4", 0.01 -> "under 0.1". */
export function perMinute(rate: number): string {
  if (rate >= 10) return String(Math.round(rate));
  const shown = Number(rate.toFixed(1));
  return shown === 0 ? 'under 0.1' : String(shown);
}
