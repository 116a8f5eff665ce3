// Who asks: an account by its cookie, which scripts can't see, or else this browser's guest by the
// token that a room gave it. The server takes a bearer before a cookie, so a logged-in page must
// not send the guest's. Whether there is an account is asked once, without a bearer, and is then
// known to every call; nothing here makes anybody log in.
import { ApiError, call, withBearer } from './request';
import { guest } from './storage';

export interface Account {
  id: string;
  email: string;
  name: string;
  admin: boolean;
  /** Instant, ms since the epoch. */
  created_at: number;
  has_password: boolean;
  oidc: boolean;
}

/** Answer of `GET /me`. */
export interface Me {
  kind: 'account' | 'guest' | 'anonymous';
  account: Account | null;
  sign_up: 'open' | 'invite' | 'closed';
  /** A provider of the operator's to log in with. */
  oidc: { name: string } | null;
}

let known: Promise<Me> | null = null;

/** The cookie's account, if there is one; asked once until `forgetMe`. */
export function whoAmI(): Promise<Me> {
  known ??= call<Me>('api/v2/me').catch((error: unknown) => {
    known = null;
    throw error;
  });
  return known;
}

export function nowKnown(me: Me): Me {
  known = Promise.resolve(me);
  return me;
}

/** After anything that may have changed the cookie. */
export function forgetMe(): void {
  known = null;
}

/** The guest's token, where no account is logged in: for requests that `callAsMe` does not make. */
export async function bearer(): Promise<string | undefined> {
  const token = guest.token();
  if (token === undefined) return undefined;
  const me = await whoAmI().catch(() => null);
  return me?.kind === 'account' ? undefined : token;
}

/** Whether the server could know anybody's things: false for a browser that has not been here yet. */
export async function isSomebody(): Promise<boolean> {
  if (guest.token() !== undefined) return true;
  return (await whoAmI().catch(() => null))?.kind === 'account';
}

/** A call in the name of the account or the guest, or of nobody. */
export async function callAsMe<T>(path: string, init?: RequestInit): Promise<T> {
  const token = await bearer();
  try {
    return await call<T>(path, withBearer(token, init));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    // A token of a server that has forgotten it, or a session that has ended elsewhere.
    if (token !== undefined && error.code === 'bad_token') guest.setToken(null);
    else if (token === undefined && error.code === 'login_needed') forgetMe();
    else throw error;
    const next = await bearer();
    if (next === token) throw error;
    return call<T>(path, withBearer(next, init));
  }
}
