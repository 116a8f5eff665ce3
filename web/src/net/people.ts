// REST of the people's side of one room: older messages, invitations, the audit log,
// the password.
import { callAsMe } from './identity';
import type { Act, ChatMessage } from './protocol';
import { ApiError, call, sending, withBearer } from './request';
import { myRooms } from './storage';

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

/** As a member of the room; where this browser has another seat there, by the host's key. */
async function asMember<T>(code: string, path: string, init?: RequestInit): Promise<T> {
  const whole = `api/v2/rooms/${encodeURIComponent(code)}${path}`;
  try {
    return await callAsMe<T>(whole, init);
  } catch (error) {
    const key = myRooms.find(code)?.hostKey;
    const barred = error instanceof ApiError && (error.status === 401 || error.status === 403);
    if (!barred || !key) throw error;
    return call<T>(whole, withBearer(key, init));
  }
}

const query = (before: number | null): string => {
  const search = new URLSearchParams({ limit: String(PAGE) });
  if (before !== null) search.set('before', String(before));
  return search.toString();
};

/** Messages older than `before`, the oldest first. */
export const olderMessages = (code: string, before: number | null) =>
  asMember<{ messages: ChatMessage[]; more: boolean }>(code, `/messages?${query(before)}`);

export const olderActs = (code: string, before: number | null) =>
  asMember<{ acts: Act[]; more: boolean }>(code, `/audit?${query(before)}`);

export async function invites(code: string): Promise<Invite[]> {
  return (await asMember<{ invites: Invite[] }>(code, '/invites')).invites;
}

export const makeInvite = (code: string, wish: InviteWish) =>
  asMember<Invite>(code, '/invites', sending('POST', wish));

export const revokeInvite = (code: string, id: Invite['id']) =>
  asMember<null>(code, `/invites/${encodeURIComponent(String(id))}`, { method: 'DELETE' });

/** Sets, changes or (null) takes the password away while the room is live. */
export const setPassword = (code: string, password: string | null) =>
  asMember<unknown>(code, '', sending('PATCH', { password }));
