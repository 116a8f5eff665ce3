// REST: creating rooms, the directory and the library. Every address is relative
// to the page's base, so that the page works under any sub-path.
import type { Entry, Life, MediaRef, PolicyPatch } from './protocol';

export interface RoomOpened {
  code: string;
  name: string;
  url: string;
  host_url: string;
  host_key: string;
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

/** What the server answered instead of what was asked for; `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The page's root: the server injects `<base>`, and `main.ts` fixes it before the first pushState. */
export function rootUrl(): URL {
  return new URL('.', document.baseURI);
}

export function resolve(path: string): string {
  return new URL(path, rootUrl()).href;
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

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(resolve(path), init);
  } catch {
    throw new ApiError('offline', 'The server cannot be reached. Is it running?', 0);
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as T;
  const problem = (body ?? {}) as { code?: string; message?: string };
  throw new ApiError(
    problem.code ?? `http_${response.status}`,
    problem.message ?? `The server answered ${response.status}. Try again in a moment.`,
    response.status,
  );
}

export function openRoom(room: {
  name?: string;
  media?: MediaRef;
  policy?: PolicyPatch;
  password?: string;
}): Promise<RoomOpened> {
  return call('api/v2/rooms', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(room),
  });
}

export function roomInfo(code: string): Promise<RoomInfo> {
  return call(`api/v2/rooms/${encodeURIComponent(code)}`);
}

export async function publicRooms(): Promise<RoomInfo[]> {
  return (await call<{ rooms: RoomInfo[] }>('api/v2/rooms')).rooms;
}

/** One page of the library; pages count from 0. */
export function library(query: string, page = 0, signal?: AbortSignal): Promise<LibraryPage> {
  const search = new URLSearchParams({ page: String(page) });
  if (query) search.set('q', query);
  return call(`api/v2/library?${search}`, signal ? { signal } : undefined);
}
