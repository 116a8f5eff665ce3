// REST: creating rooms, the directory and the library. A room is opened in somebody's name, so that
// it can be theirs on every device; looking around needs nobody's.
import { callAsMe } from './identity';
import type { Entry, Life, MediaRef, PolicyPatch } from './protocol';
import { call, resolve, rootUrl, sending } from './request';

export { ApiError, resolve, rootUrl, sentence } from './request';

/** A room just made. One resumed that is still live has no key for those who don't host it. */
export interface RoomOpened {
  code: string;
  name: string;
  url: string;
  host_url?: string | null;
  host_key?: string | null;
  socket: string;
}

export interface RoomInfo {
  code: string;
  /** Null, like `viewers`, where the room is private. */
  name: string | null;
  life: Life['state'];
  entry: Entry;
  viewers: number | null;
  media: { title: string; poster?: string | null } | null;
  /** When it is meant to begin, ms since the epoch. */
  schedule?: number | null;
}

export interface LibraryItem {
  id: string;
  title: string;
  collection?: string | null;
  duration: number | null;
  type?: string | null;
  width?: number | null;
  height?: number | null;
  /** Whether browsers play it as it is; null while nobody has looked into the file yet. */
  playable: 'yes' | 'maybe' | 'no' | null;
  /** Who can't play it as it is gets it converted by the server. */
  converts: boolean;
  /** Why it can't be played, or may not be. */
  problem?: string | null;
  poster?: string | null;
}

export interface LibraryPage {
  items: LibraryItem[];
  total: number;
  /** Folders are being read for the first time: more may come. */
  scanning: boolean;
}

/** Invite link of a room: what people share. */
export function inviteUrl(code: string): string {
  return resolve(`r/${encodeURIComponent(code)}`);
}

export function socketUrl(code: string): string {
  const url = new URL(`api/v2/rooms/${encodeURIComponent(code)}/socket`, rootUrl());
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** Of a scheduled room, for calendars. */
export function calendarUrl(code: string): string {
  return resolve(`api/v2/rooms/${encodeURIComponent(code)}/calendar.ics`);
}

export interface RoomWanted {
  name?: string;
  media?: MediaRef;
  policy?: PolicyPatch;
  password?: string;
  /** When it is to begin, ms since the epoch. */
  schedule?: number;
  /** Code of a party that one took part in: its name, rules, medium and position are taken over. */
  from?: string;
}

export function openRoom(room: RoomWanted): Promise<RoomOpened> {
  return callAsMe('api/v2/rooms', sending('POST', room));
}

export function roomInfo(code: string): Promise<RoomInfo> {
  return call(`api/v2/rooms/${encodeURIComponent(code)}`);
}

export interface RoomPage {
  total: number;
  rooms: RoomInfo[];
}

/** One page of the directory of public rooms, fullest first; pages count from 0. */
export function publicRooms(query = '', page = 0): Promise<RoomPage> {
  return call(`api/v2/rooms?${search(query, page)}`);
}

/** One page of the library; pages count from 0. */
export function library(query: string, page = 0, signal?: AbortSignal): Promise<LibraryPage> {
  return call(`api/v2/library?${search(query, page)}`, signal ? { signal } : undefined);
}

/** The question of a paged list. */
export function search(query: string, page: number): URLSearchParams {
  const search = new URLSearchParams({ page: String(page) });
  if (query) search.set('q', query);
  return search;
}
