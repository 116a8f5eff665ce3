// What the page says in words: times, who did what, how well somebody is in step.
// Pure; every sentence that names a person or a position is made here.
import { memberById } from './apply';
import type { Member, RoomEvent, Snapshot, Vital } from './model';

/** 61.5 -> "1:01"; 3723 -> "1:02:03". Unknown lengths read as dashes. */
export function clock(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return '–:––';
  const whole = Math.max(0, Math.floor(seconds));
  const s = String(whole % 60).padStart(2, '0');
  const m = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600);
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** The same for screen readers: "1 minute 1 second". */
export function spokenClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  const add = (value: number, unit: string): void => {
    if (value > 0) parts.push(`${value} ${unit}${value === 1 ? '' : 's'}`);
  };
  add(Math.floor(whole / 3600), 'hour');
  add(Math.floor(whole / 60) % 60, 'minute');
  add(whole % 60, 'second');
  return parts.join(' ') || '0 seconds';
}

/** "Ann", "Ann and Ben", "Ann, Ben and 3 others". */
export function names(list: string[]): string {
  if (list.length <= 1) return list[0] ?? 'nobody';
  if (list.length === 2) return `${list[0]} and ${list[1]}`;
  if (list.length === 3) return `${list[0]}, ${list[1]} and ${list[2]}`;
  return `${list[0]}, ${list[1]} and ${list.length - 2} others`;
}

export function nameOf(room: Snapshot, id: number | null): string {
  if (id === null) return 'The server';
  if (id === room.you.member) return 'You';
  return memberById(room, id)?.name ?? 'Somebody';
}

export function rateText(rate: number): string {
  return `${Number(rate.toFixed(2))}×`;
}

/** What somebody just did to the playback, or null where nobody needs to be told. */
export function actText(
  room: Snapshot,
  event: Extract<RoomEvent, { event: 'timeline' }>,
): string | null {
  if (event.by === null) return null;
  const who = nameOf(room, event.by);
  const line = event.timeline;
  switch (event.cause) {
    case 'play':
      return `${who} pressed play`;
    case 'pause':
      return `${who} paused at ${clock(line.position)}`;
    case 'seek':
      return `${who} skipped to ${clock(line.position)}`;
    case 'rate':
      return `${who} set the speed to ${rateText(line.rate)}`;
    case 'load':
      return `${who} put on ${room.media?.title ?? 'something new'}`;
    case 'unload':
      return `${who} took the film off`;
    case 'undo':
      return `${who} took the last change back`;
    // `start` comes of itself once all have loaded: whoever loaded or pressed play has been named.
    default:
      return null;
  }
}

export interface Standing {
  tone: 'good' | 'near' | 'far' | 'quiet';
  text: string;
}

/** Up to here nobody can notice (field: 40 ms is the edge of lip sync and of echo on a call). */
const IN_STEP_MS = 40;
/** Up to here it is hardly noticed between two rooms. */
const NEAR_MS = 150;

export function skewText(skew: number): string {
  const size = Math.abs(skew);
  const shown = size < 1000 ? `${Math.round(size)} ms` : `${(size / 1000).toFixed(1)} s`;
  if (Math.round(size) === 0) return '0 ms';
  return `${shown} ${skew > 0 ? 'ahead' : 'behind'}`;
}

/** How well somebody is in step, by colour and in words. */
export function skewStanding(skew: number | null, state: Vital['state']): Standing {
  switch (state) {
    case 'buffering':
      return { tone: 'far', text: 'loading' };
    case 'seeking':
      return { tone: 'near', text: 'jumping' };
    case 'blocked':
      return { tone: 'near', text: 'has to press play' };
    case 'error':
      return { tone: 'far', text: 'cannot play this' };
    case 'hidden':
      return { tone: 'quiet', text: 'in the background' };
    case 'paused':
      return { tone: 'quiet', text: 'paused' };
    case 'holding':
      return { tone: 'quiet', text: 'ready' };
    default:
  }
  if (skew === null) return { tone: 'quiet', text: state === 'playing' ? 'playing' : '' };
  const size = Math.abs(skew);
  if (size <= IN_STEP_MS) return { tone: 'good', text: `in step · ${skewText(skew)}` };
  return { tone: size <= NEAR_MS ? 'near' : 'far', text: skewText(skew) };
}

/** Presence, then playback: what stands under a name. */
export function memberStanding(member: Member, vital: Vital | undefined, now: number): Standing {
  if (!member.present) {
    const since = member.away_since === null ? null : Math.round((now - member.away_since) / 1000);
    return {
      tone: 'quiet',
      text: since === null || since < 1 ? 'away' : `away for ${span(since)}`,
    };
  }
  if (!member.reports) return { tone: 'quiet', text: 'follows along' };
  return skewStanding(vital?.skew ?? null, vital?.state ?? null);
}

/** 45 -> "45 s"; 600 -> "10 min"; 7500 -> "2 h 5 min". */
export function span(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

export const roleText = { host: 'Host', co_host: 'Co-host', viewer: 'Viewer' } as const;

const clients: Record<string, string> = {
  web: 'Browser',
  syncplay: 'Syncplay',
  jellyfin: 'Jellyfin',
  mpv: 'mpv',
  vlc: 'VLC',
};

export function clientText(client: string): string {
  return clients[client.toLowerCase()] ?? client;
}
