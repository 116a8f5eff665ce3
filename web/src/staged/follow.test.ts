import { describe, expect, it } from 'vitest';

import {
  clock,
  correction,
  isLoaded,
  moved,
  positionAt,
  type RoomState,
  seconds,
  ServerClock,
} from './follow';

const state = (more: Partial<RoomState>): RoomState => ({
  ...{ t: 10, paused: false, ts: 1000, rev: 2, path: 'film.mp4' },
  ...more,
});

describe('following a room', () => {
  it('goes on where the room plays, and stands where it stands', () => {
    expect(positionAt(state({}), 3500)).toBe(12.5);
    expect(positionAt(state({ paused: true }), 3500)).toBe(10);
    expect(positionAt(state({ t: 0, ts: 5000 }), 1000)).toBe(0);
  });

  it('tells somebody’s seek from time that passed, from a pause and from another film', () => {
    expect(moved(state({}), state({ t: 12.1, ts: 3000 }))).toBe(0);
    expect(moved(state({}), state({ t: 12, ts: 3000, paused: true }))).toBe(0);
    expect(moved(state({}), state({ t: 100, ts: 3000 }))).toBe(88);
    expect(moved(state({}), state({ t: 0, ts: 3000, rev: 4 }))).toBe(0);
  });

  it('seeks when far off, changes the speed a little when near, and rests when there', () => {
    expect(correction(1.5)).toEqual({ seek: true });
    expect(correction(-0.4)).toEqual({ rate: 1.05 });
    expect(correction(0.1)).toEqual({ rate: 0.975 });
    expect(correction(0.01)).toEqual({ rate: 1 });
  });

  it('knows when enough of a film is there to go on', () => {
    expect(isLoaded([[0, 20]], 5, 600)).toBe(true);
    expect(isLoaded([[0, 12]], 5, 600)).toBe(false);
    expect(isLoaded([[0, 8.1]], 5, 60)).toBe(true);
    expect(isLoaded([[0, 3], [5, 60]], 4, 600)).toBe(false);
    expect(isLoaded([[0, 60]], 59.5, 60)).toBe(true);
    expect(isLoaded([], 0, 60)).toBe(false);
  });

  it('learns the server’s clock from the quickest answer', () => {
    const time = new ServerClock();
    time.guess(0, 5000);
    expect(time.at(10)).toBe(5010);
    time.learn(100, 120, 5210);
    time.learn(200, 900, 5999);
    expect(time.at(0)).toBe(5100);
  });

  it('reads and writes times as people do', () => {
    expect([seconds('75'), seconds('1:15'), seconds(' 1:02:30 ')]).toEqual([75, 75, 3750]);
    expect([seconds(''), seconds('a'), seconds('1:2:3:4'), seconds('-5')]).toEqual(
      Array(4).fill(null),
    );
    expect([clock(75.9), clock(3750), clock(-1)]).toEqual(['1:15', '1:02:30', '0:00']);
  });
});
