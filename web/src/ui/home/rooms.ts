// "My rooms" from three tellers: what this browser remembers, what the account owns, and what each
// room says of itself right now.
import { sameCode } from '../../net/link';
import type { OwnRoom } from '../../net/me';
import type { MyRoom } from '../../net/storage';
import type { RoomInfo } from '../../net/api';

export interface Shown {
  code: string;
  name: string;
  /** Whether this person hosts it. */
  host: boolean;
  info: RoomInfo | null;
  schedule: number | null;
}

/** Over: nobody comes back to it. */
export function isOver(info: RoomInfo): boolean {
  return info.life === 'ended' || info.life === 'expired';
}

/** Each room once: those of the account first where the browser doesn't know them, in order of the last visit. */
export function mergeRooms(visited: MyRoom[], owned: OwnRoom[]): Shown[] {
  const foreign = owned.filter((own) => !visited.some((room) => sameCode(room.code, own.code)));
  const fromAccount = foreign.map((own): Shown => ({
    code: own.code,
    name: own.name,
    host: true,
    info: null,
    schedule: own.schedule,
  }));
  const fromBrowser = visited.map((room): Shown => {
    const own = owned.find((each) => sameCode(each.code, room.code));
    return {
      code: room.code,
      name: own?.name ?? room.name,
      host: own !== undefined || room.hostKey !== undefined,
      info: null,
      schedule: own?.schedule ?? null,
    };
  });
  return [...fromAccount, ...fromBrowser];
}

/** With what the room says; a private one says neither name nor viewers. */
export function informed(room: Shown, info: RoomInfo | null): Shown {
  if (!info) return room;
  return {
    ...room,
    name: info.name ?? room.name,
    info,
    schedule: info.schedule ?? room.schedule,
  };
}

/** Where people are comes first, then what is about to begin, then the rest as it was. */
export function inOrder(rooms: Shown[], now: number): Shown[] {
  const rank = (room: Shown): number =>
    (room.info?.viewers ?? 0) > 0 ? 0 : room.schedule !== null && room.schedule > now ? 1 : 2;
  return rooms
    .map((room, index) => ({ room, index }))
    .sort(
      (a, b) =>
        rank(a.room) - rank(b.room) ||
        (rank(a.room) === 1 ? (a.room.schedule ?? 0) - (b.room.schedule ?? 0) : 0) ||
        a.index - b.index,
    )
    .map(({ room }) => room);
}

export function watchers(count: number | null): string {
  if (count === null) return 'told to nobody';
  if (count === 0) return 'nobody there now';
  return count === 1 ? '1 person there' : `${count} people there`;
}
