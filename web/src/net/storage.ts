// What the browser remembers: the guest's token and name, seats of this tab, and
// "my rooms". Private windows and full disks make storage throw; then things are
// simply not remembered.
import { bareCode } from './link';

const MAX_ROOMS = 30;
/** A host who never gave a name; seated without being asked. */
export const NAMELESS_HOST = 'Host';

export interface MyRoom {
  code: string;
  name: string;
  hostKey?: string;
  /** Browser time of the last visit, ms. */
  seen: number;
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
  setToken: (token: string) => write(local, 'watchalong.person', token),
  name: () => read(local, 'watchalong.name') ?? '',
  setName: (name: string) => {
    if (name !== NAMELESS_HOST) write(local, 'watchalong.name', name);
  },
};

export const seat = {
  token: (code: string) => read(session, seatKey(code)) ?? undefined,
  setToken: (code: string, token: string | null) => write(session, seatKey(code), token),
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
    const next: MyRoom = { ...known, ...room, seen: Date.now() };
    write(local, 'watchalong.rooms', JSON.stringify([next, ...rest].slice(0, MAX_ROOMS)));
  },
  forget(code: string): void {
    const rest = this.all().filter((room) => bareCode(room.code) !== bareCode(code));
    write(local, 'watchalong.rooms', JSON.stringify(rest));
  },
};
