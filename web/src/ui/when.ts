// Instants and spans in words, in the reader's own time zone. The page speaks English, so dates do
// too: in the reader's own kind of English where the browser names one.
import { span } from '../room/phrases';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const locale =
  (typeof navigator === 'undefined' ? [] : navigator.languages).find((one) =>
    one.startsWith('en'),
  ) ?? 'en-GB';

/** "Sat 21 Nov, 20:00", with the year where it is another. */
export function dayTime(at: number, now = Date.now()): string {
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    ...(year ? { year: 'numeric' } : {}),
  }).format(at);
}

/** "21 November 2026". */
export function day(at: number): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(at);
}

/** "20:00:05", for logs. */
export function timeOfDay(at: number): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' }).format(at);
}

/** "just now", "5 min ago", "3 h ago", "yesterday", then the day. */
export function ago(at: number, now = Date.now()): string {
  const since = now - at;
  if (since < MINUTE_MS) return 'just now';
  if (since < HOUR_MS) return `${Math.floor(since / MINUTE_MS)} min ago`;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (at >= midnight || since < 6 * HOUR_MS) return `${Math.floor(since / HOUR_MS)} h ago`;
  if (at >= midnight - DAY_MS) return 'yesterday';
  if (since < 7 * DAY_MS) return `${Math.ceil((midnight - at) / DAY_MS)} days ago`;
  return day(at);
}

/** How long until a scheduled start: "in 2 d 3 h", "in 2 h 5 min", "in 4:05"; "now" once it has come. */
export function until(at: number, now = Date.now()): string {
  const left = at - now;
  if (left <= 0) return 'now';
  const days = Math.floor(left / DAY_MS);
  const hours = Math.floor((left % DAY_MS) / HOUR_MS);
  const minutes = Math.floor((left % HOUR_MS) / MINUTE_MS);
  if (days > 0) return hours > 0 ? `in ${days} d ${hours} h` : `in ${days} d`;
  if (hours > 0) return minutes > 0 ? `in ${hours} h ${minutes} min` : `in ${hours} h`;
  if (minutes >= 10) return `in ${minutes} min`;
  const seconds = Math.floor((left % MINUTE_MS) / 1000);
  return `in ${minutes}:${String(seconds).padStart(2, '0')}`;
}

/** 5 400 000 -> "1 h 30 min"; from two days on "5 d 3 h". */
export function spanMs(ms: number): string {
  if (ms >= 2 * DAY_MS) {
    const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
    return `${Math.floor(ms / DAY_MS)} d${hours > 0 ? ` ${hours} h` : ''}`;
  }
  return span(ms / 1000);
}

/** What is left of a film, in whole minutes; null where its length isn't known. */
export function timeLeft(position: number, duration: number | null): string | null {
  if (duration === null || duration <= 0) return null;
  const left = Math.max(0, duration - position);
  return left < 60 ? 'less than a minute left' : `${span(left)} left`;
}

/** The reader's zone in words, for pickers: "Central European Time". */
export function zoneName(at = Date.now()): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'long' }).formatToParts(at);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'your own time zone';
}

/** An instant as a `datetime-local` field has it: local time, to the minute. */
export function toPicker(at: number): string {
  const local = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())}`;
  return `${date}T${two(local.getHours())}:${two(local.getMinutes())}`;
}

/** Back from the field; null where nothing, or no time, stands in it. */
export function fromPicker(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return null;
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? null : at;
}
