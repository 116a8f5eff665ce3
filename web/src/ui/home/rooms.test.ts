import { describe, expect, it } from 'vitest';

import type { RoomInfo } from '../../net/api';
import { informed, inOrder, mergeRooms, watchers } from './rooms';

const info = (of: Partial<RoomInfo>): RoomInfo => ({
  code: 'a-b',
  name: 'Film night',
  life: 'live',
  entry: 'open',
  viewers: 0,
  media: null,
  ...of,
});
const visited = (code: string, hostKey?: string) => ({
  code,
  name: code,
  seen: 1,
  ...(hostKey ? { hostKey } : {}),
});
const owned = (code: string, schedule: number | null = null) => ({
  code,
  name: `own ${code}`,
  live: false,
  viewers: 0,
  schedule,
});

describe('my rooms', () => {
  it('shows a room once that the browser and the account both know', () => {
    const rooms = mergeRooms([visited('bako-tizu')], [owned('BAKOTIZU'), owned('other')]);
    expect(rooms.map(({ code }) => code)).toEqual(['other', 'bako-tizu']);
    expect(rooms.every(({ host }) => host)).toBe(true);
  });

  it('knows a visited room as hosted only with a key', () => {
    const [guest, host] = mergeRooms([visited('a'), visited('b', 'key')], []);
    expect(guest?.host).toBe(false);
    expect(host?.host).toBe(true);
  });

  it('keeps a private room’s name, which the room does not tell', () => {
    const [room] = mergeRooms([visited('secret')], []);
    expect(room && informed(room, info({ name: null, viewers: null })).name).toBe('secret');
  });

  it('puts people first and the next beginning second', () => {
    const rooms = ['old', 'later', 'sooner', 'full'].map((code) => ({
      code,
      name: code,
      host: false,
      info: info({ code, viewers: code === 'full' ? 3 : 0 }),
      schedule: code === 'later' ? 9000 : code === 'sooner' ? 5000 : null,
    }));
    expect(inOrder(rooms, 1000).map(({ code }) => code)).toEqual([
      'full',
      'sooner',
      'later',
      'old',
    ]);
  });

  it('speaks of viewers in the singular where there is one', () => {
    expect(watchers(0)).toBe('nobody there now');
    expect(watchers(1)).toBe('1 person there');
    expect(watchers(2)).toBe('2 people there');
  });
});
