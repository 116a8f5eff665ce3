// REST: my account, where I am logged in, and what I have watched. All of it but the account works
// for a guest as well, by the token of this browser.
import { callAsMe, forgetMe, type Me, nowKnown } from './identity';
import { ask, call, sending } from './request';
import { guest } from './storage';

export { type Account, isSomebody, type Me, whoAmI } from './identity';

export interface SignUp {
  email: string;
  name: string;
  password: string;
  /** From the invite link, where the operator wants one. */
  invite?: string;
}

/** The guest of this browser, whose rooms and progress an account takes over. */
function takingOver(): { guest?: string } {
  const token = guest.token();
  return token === undefined ? {} : { guest: token };
}

export async function signUp(wanted: SignUp): Promise<Me> {
  return nowKnown(await call('api/v2/accounts', sending('POST', { ...wanted, ...takingOver() })));
}

export async function logIn(email: string, password: string): Promise<Me> {
  const body = { email, password, ...takingOver() };
  return nowKnown(await call('api/v2/session', sending('POST', body)));
}

/** The page of the operator's provider to log in at; `next` is a path of ours to come back to. */
export async function oidcPage(next: string, invite: string | null): Promise<string> {
  const body = { next, ...(invite === null ? {} : { invite }), ...takingOver() };
  return (await call<{ url: string }>('api/v2/oidc/start', sending('POST', body))).url;
}

async function leave(path: string, init: RequestInit): Promise<void> {
  await call(path, init);
  forgetMe();
}

export const logOut = (): Promise<void> => leave('api/v2/session', { method: 'DELETE' });
export const logOutEverywhere = (): Promise<void> => leave('api/v2/sessions', { method: 'DELETE' });

/** A browser that is logged in. */
export interface Device {
  id: string;
  created_at: number;
  seen_at: number;
  /** What the browser calls itself. */
  agent: string | null;
  current: boolean;
}

export async function devices(): Promise<Device[]> {
  return (await call<{ sessions: Device[] }>('api/v2/sessions')).sessions;
}

export function endDevice(id: string): Promise<void> {
  return call(`api/v2/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export interface AccountChange {
  name?: string;
  email?: string;
  password?: { old: string; new: string };
}

export async function changeAccount(change: AccountChange): Promise<Me> {
  return nowKnown(await call('api/v2/me', sending('PATCH', change)));
}

/** For good. An account without a password, of a provider, gives none. */
export function deleteAccount(password?: string): Promise<void> {
  return leave('api/v2/me', sending('DELETE', password ? { password } : {}));
}

/** Everything that the server keeps about me, as a file. */
export async function exportMe(): Promise<Blob> {
  return (await ask('api/v2/me/export')).blob();
}

// ---- what I have watched -----------------------------------------------------------

export interface Progress {
  media: { key: string; title: string; kind: string };
  /** Address of a picture, relative to the page's base. */
  poster: string | null;
  /** s */
  position: number;
  duration: number | null;
  completed: boolean;
  at: number;
  /** The party that watched it last; null where the server has forgotten it. */
  room: { code: string; name: string; live: boolean } | null;
}

export async function progress(limit = 20): Promise<Progress[]> {
  return (await callAsMe<{ items: Progress[] }>(`api/v2/me/progress?limit=${limit}`)).items;
}

export function forgetProgress(key: string): Promise<void> {
  return callAsMe(`api/v2/me/progress/${encodeURIComponent(key)}`, { method: 'DELETE' });
}

export interface PartyPast {
  code: string;
  name: string;
  role: 'host' | 'co_host' | 'viewer';
  started_at: number;
  ended_at: number | null;
  live: boolean;
  /** ms */
  duration: number;
  /** Most people at one time. */
  peak: number;
  messages: number;
  reactions: number;
  reactions_per_minute: number;
  /** Titles. */
  media: string[];
  last: { key: string; title: string; position: number; duration: number | null } | null;
  poster: string | null;
  /** Names, as they were shown last. */
  people: string[];
}

export function parties(page = 0): Promise<{ total: number; parties: PartyPast[] }> {
  return callAsMe(`api/v2/me/parties?page=${page}`);
}

export interface Companion {
  name: string;
  parties: number;
  last_at: number;
}

export async function companions(limit = 50): Promise<Companion[]> {
  return (await callAsMe<{ people: Companion[] }>(`api/v2/me/people?limit=${limit}`)).people;
}

/** A room that I own and that is not over. */
export interface OwnRoom {
  code: string;
  name: string;
  live: boolean;
  viewers: number;
  schedule: number | null;
}

export async function ownRooms(): Promise<OwnRoom[]> {
  return (await callAsMe<{ rooms: OwnRoom[] }>('api/v2/me/rooms')).rooms;
}

/** Progress and parties; the account stays. */
export function deleteHistory(): Promise<void> {
  return callAsMe('api/v2/me/history', { method: 'DELETE' });
}
