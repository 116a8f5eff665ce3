import { describe, expect, it } from 'vitest';

import { arrivedSeconds, holdAt } from './hold';

const half = { size: 1000, arrived: 500, duration: 200 };

describe('a room that watches what still arrives', () => {
  it('is held shortly before the edge, and not before', () => {
    expect(holdAt(half, { playing: true, position: 90, held: false })).toBeNull();
    expect(holdAt(half, { playing: true, position: 98, held: false })).toBe('hold');
  });

  it('goes on by itself once there is some to watch', () => {
    const room = { playing: false, position: 98, held: true };
    expect(holdAt(half, room)).toBeNull();
    expect(holdAt({ ...half, arrived: 600 }, room)).toBe('release');
    expect(holdAt({ ...half, arrived: 1000 }, room)).toBe('release');
  });

  it('is not started by a page that did not hold it', () => {
    const room = { playing: false, position: 10, held: false };
    expect(holdAt({ ...half, arrived: 1000 }, room)).toBeNull();
  });

  it('is left alone where all is there, or nothing can be known', () => {
    expect(arrivedSeconds({ ...half, arrived: 1000 })).toBe(Infinity);
    const playing = { playing: true, position: 199, held: false };
    expect(holdAt({ ...half, arrived: 1000 }, playing)).toBeNull();
    expect(holdAt({ ...half, duration: null }, playing)).toBeNull();
  });
});
