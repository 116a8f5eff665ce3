// What the browser remembers: the guest's token and name, who is logged in, seats of
// this tab, and "my rooms". Private windows and full disks make storage throw; then things are
// simply not remembered.
import { bareCode } from './link';

const MAX_ROOMS = 30;
const MAX_PLACED = 200;
/** A host who never gave a name; seated without being asked. */
export const NAMELESS_HOST = 'Host';

export interface MyRoom {
  code: string;
  name: string;
  hostKey?: string;
  /** Browser time of the last visit, ms. */
  seen: number;
  /** Account that was logged in: its log-out takes the room along. */
  account?: string;
}

function read(area: () => Storage, key: string): string | null {
  try {
    return area().getItem(key);
  } catch {
    return null;
  }
}

function write(area: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) area().removeItem(key);
    else area().setItem(key, value);
  } catch {
    // Not remembered; nothing else depends on it.
  }
}

const local = (): Storage => localStorage;
const session = (): Storage => sessionStorage;
const seatKey = (code: string): string => `watchalong.seat.${bareCode(code)}`;

export const guest = {
  token: () => read(local, 'watchalong.person') ?? undefined,
  setToken: (token: string | null) => write(local, 'watchalong.person', token),
  name: () => read(local, 'watchalong.name') ?? '',
  setName: (name: string) => {
    if (name !== NAMELESS_HOST) write(local, 'watchalong.name', name);
  },
  /** On a machine that others use too, nobody goes on as the one who logged out. */
  forget: () => {
    write(local, 'watchalong.person', null);
    write(local, 'watchalong.name', null);
  },
};

/** Who was logged in when the page was last here: shown until the server has answered, and no proof of anything. */
export interface AccountHint {
  id: string;
  name: string;
}

export const accountHint = {
  get(): AccountHint | null {
    try {
      const hint = JSON.parse(read(local, 'watchalong.account') ?? 'null') as AccountHint | null;
      return typeof hint?.id === 'string' && typeof hint.name === 'string' ? hint : null;
    } catch {
      return null;
    }
  },
  set: (hint: AccountHint | null) =>
    write(local, 'watchalong.account', hint && JSON.stringify({ id: hint.id, name: hint.name })),
};

/** The name to come into a room with, where nobody has to be asked for one: who is logged in is known by name. */
export function nameFor(code: string, host: boolean): string | null {
  const own = guest.name();
  // Back in one's seat, the name is what it was there.
  if (own && seat.token(code) !== undefined) return own;
  const known = accountHint.get()?.name ?? own;
  if (host) return known || NAMELESS_HOST;
  return accountHint.get()?.name ?? null;
}

export const seat = {
  token: (code: string) => read(session, seatKey(code)) ?? undefined,
  setToken: (code: string, token: string | null) => write(session, seatKey(code), token),
};

/** Text begun but not sent, by room; gone with the tab. */
export const draftText = {
  get: (code: string) => read(session, `watchalong.draft.${bareCode(code)}`) ?? '',
  set: (code: string, text: string) =>
    write(session, `watchalong.draft.${bareCode(code)}`, text === '' ? null : text),
};

/** Uploads that this tab has put into a room's queue once: nobody wants to see one come back. */
export const placedUploads = {
  get(code: string): string[] {
    const text = read(session, `watchalong.placed.${bareCode(code)}`);
    return text ? text.split(',') : [];
  },
  add(code: string, id: string): void {
    const all = [...placedUploads.get(code), id];
    write(session, `watchalong.placed.${bareCode(code)}`, all.slice(-MAX_PLACED).join(','));
  },
};

/** That somebody plays copies of their own in a room, and by how much each is another cut; for this tab's session. */
export interface OwnCopies {
  chosen: boolean;
  /** Seconds, by the medium's key. */
  cuts: Readonly<Record<string, number>>;
}

export const ownCopies = {
  get(code: string): OwnCopies {
    const none: OwnCopies = { chosen: false, cuts: {} };
    try {
      const kept: unknown = JSON.parse(read(session, `watchalong.own.${bareCode(code)}`) ?? 'null');
      return { ...none, ...(kept as Partial<OwnCopies> | null) };
    } catch {
      return none;
    }
  },
  set: (code: string, kept: OwnCopies) =>
    write(session, `watchalong.own.${bareCode(code)}`, JSON.stringify(kept)),
};

/** The operator's key, for this tab alone: it opens everything. */
export const adminKey = {
  get: () => read(session, 'watchalong.admin') ?? undefined,
  set: (key: string | null) => write(session, 'watchalong.admin', key),
};

export const setting = {
  get: (name: string) => read(local, `watchalong.set.${name}`),
  set: (name: string, value: string | null) => write(local, `watchalong.set.${name}`, value),
};

export const myRooms = {
  all(): MyRoom[] {
    try {
      const rooms: unknown = JSON.parse(read(local, 'watchalong.rooms') ?? '[]');
      return Array.isArray(rooms) ? (rooms as MyRoom[]) : [];
    } catch {
      return [];
    }
  },
  find(code: string): MyRoom | undefined {
    return this.all().find((room) => bareCode(room.code) === bareCode(code));
  },
  /** Adds or refreshes; a host key once learned stays until another comes. */
  visit(room: Omit<MyRoom, 'seen'>): void {
    const known = this.find(room.code);
    const rest = this.all().filter((other) => bareCode(other.code) !== bareCode(room.code));
    const account = accountHint.get()?.id;
    const next: MyRoom = {
      ...known,
      ...room,
      seen: Date.now(),
      ...(account === undefined ? {} : { account }),
    };
    write(local, 'watchalong.rooms', JSON.stringify([next, ...rest].slice(0, MAX_ROOMS)));
  },
  forget(code: string): void {
    const rest = this.all().filter((room) => bareCode(room.code) !== bareCode(code));
    write(local, 'watchalong.rooms', JSON.stringify(rest));
  },
  /** An account made from this browser's guest has the guest's rooms. */
  give(account: string): void {
    const all = this.all().map((room) => ({ ...room, account }));
    write(local, 'watchalong.rooms', JSON.stringify(all));
  },
  /** With their host keys, which would let the next person at this machine host them. */
  forgetOf(account: string): void {
    const rest = this.all().filter((room) => room.account !== account);
    write(local, 'watchalong.rooms', JSON.stringify(rest));
  },
};
