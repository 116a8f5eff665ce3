// REST of the people's side of one room: older messages, invitations, the audit log,
// the password, the calendar file. Who asks is said as the socket did: by the account's
// cookie where there is one, else by the guest's token, else by the host's key.
import { ApiError, resolve } from './api';
import type { Act, ChatMessage } from './protocol';
import { guest, myRooms } from './storage';

export interface Invite {
  id: number | string;
  /** Who made it. */
  name: string | null;
  label: string | null;
  /** Null: as many as like. */
  uses_left: number | null;
  /** When it ends, ms; null: with the room. */
  until: number | null;
  url: string;
}

export interface InviteWish {
  uses?: number;
  /** ms from now */
  lasts?: number;
  label?: string;
}

/** Rows asked for at once. */
export const PAGE = 50;

/** Whether this browser is logged in; then its cookie speaks, and no token must stand before it. */
let account: Promise<boolean> | null = null;

async function hasAccount(): Promise<boolean> {
  try {
    const response = await fetch(resolve('api/v2/me'));
    const me = (await response.json()) as { kind?: string };
    return response.ok && me.kind === 'account';
  } catch {
    return false;
  }
}

async function speakers(code: string): Promise<(string | null)[]> {
  account ??= hasAccount();
  const own = (await account) ? null : (guest.token() ?? null);
  const key = myRooms.find(code)?.hostKey;
  return key ? [own, key] : [own];
}

async function ask(path: string, init: RequestInit, bearer: string | null): Promise<Response> {
  const headers = new Headers(init.headers);
  if (bearer) headers.set('authorization', `Bearer ${bearer}`);
  if (init.body) headers.set('content-type', 'application/json');
  try {
    return await fetch(resolve(path), { ...init, headers });
  } catch {
    throw new ApiError('offline', 'The server cannot be reached. Is it running?', 0);
  }
}

async function call<T>(code: string, path: string, init: RequestInit = {}): Promise<T> {
  const whole = `api/v2/rooms/${encodeURIComponent(code)}/${path}`.replace(/\/$/, '');
  let response: Response | null = null;
  for (const bearer of await speakers(code)) {
    response = await ask(whole, init, bearer);
    // A seat that another browser of the host holds: its key still says who this is.
    if (response.status !== 401 && response.status !== 403) break;
  }
  if (!response) throw new ApiError('offline', 'The server cannot be reached.', 0);
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    // Not ours: a proxy's page, told of below by its number.
  }
  if (response.ok) return body as T;
  if (response.status === 401) account = null;
  const problem = (body ?? {}) as { code?: string; message?: string };
  throw new ApiError(
    problem.code ?? `http_${response.status}`,
    problem.message ?? `The server answered ${response.status}. Try again in a moment.`,
    response.status,
  );
}

const query = (before: number | null): string => {
  const search = new URLSearchParams({ limit: String(PAGE) });
  if (before !== null) search.set('before', String(before));
  return search.toString();
};

/** Messages older than `before`, the oldest first. */
export const olderMessages = (code: string, before: number | null) =>
  call<{ messages: ChatMessage[]; more: boolean }>(code, `messages?${query(before)}`);

export const olderActs = (code: string, before: number | null) =>
  call<{ acts: Act[]; more: boolean }>(code, `audit?${query(before)}`);

export async function invites(code: string): Promise<Invite[]> {
  return (await call<{ invites: Invite[] }>(code, 'invites')).invites;
}

export const makeInvite = (code: string, wish: InviteWish) =>
  call<Invite>(code, 'invites', { method: 'POST', body: JSON.stringify(wish) });

export const revokeInvite = (code: string, id: Invite['id']) =>
  call<null>(code, `invites/${encodeURIComponent(String(id))}`, { method: 'DELETE' });

/** Sets, changes or (null) takes the password away while the room is live. */
export const setPassword = (code: string, password: string | null) =>
  call<unknown>(code, '', { method: 'PATCH', body: JSON.stringify({ password }) });

/** A file that calendars take in; 404 where nothing is scheduled. */
export const calendarUrl = (code: string): string =>
  resolve(`api/v2/rooms/${encodeURIComponent(code)}/calendar.ics`);
