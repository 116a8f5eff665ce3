import { describe, expect, it } from 'vitest';

import { applyFrame, beforeForIndex, fromSnapshot, positionAt, usableUndo } from './apply';
import type { RoomEvent } from './model';
import { member, room } from './testing';

const frame = (rev: number, ...events: RoomEvent[]) => ({ t: 'events' as const, rev, events });
const message = (id: number, text: string) => ({
  id,
  by: 1,
  name: 'Ann',
  text,
  at: 1,
  item: 1,
  position: 1,
  reply_to: null,
});

describe('events on a snapshot', () => {
  it('are ignored where the snapshot already holds them', () => {
    const state = fromSnapshot(room());
    const { state: after, fresh } = applyFrame(
      state,
      frame(30, { event: 'said', message: message(5, 'old') }),
    );
    expect(after).toBe(state);
    expect(fresh).toEqual([]);
  });

  it('are both applied when two frames share one revision', () => {
    let state = fromSnapshot(room());
    state = applyFrame(state, frame(31, { event: 'said', message: message(5, 'hi') })).state;
    const rights = { ...state.room.you.rights, rate: true };
    state = applyFrame(state, frame(31, { event: 'rights', rights })).state;
    expect(state.room.chat).toHaveLength(1);
    expect(state.room.you.rights.rate).toBe(true);
    expect(state.room.rev).toBe(31);
  });

  it('tell who is banned, until the ban is lifted', () => {
    const dan = member(9, 'Dan', { standing: 'banned', present: false });
    let state = fromSnapshot(room());
    state = applyFrame(state, frame(31, { event: 'bans', members: [dan] })).state;
    expect(state.room.banned).toEqual([dan]);
    expect(state.room.members).not.toContainEqual(dan);
    state = applyFrame(state, frame(32, { event: 'bans', members: [] })).state;
    expect(state.room.banned).toEqual([]);
  });

  it('change nothing when applied twice', () => {
    const said = frame(31, { event: 'said', message: message(5, 'hi') });
    const once = applyFrame(fromSnapshot(room()), said).state;
    const twice = applyFrame(once, said).state;
    expect(twice.room).toEqual(once.room);
  });

  it('bring a new medium with the timeline, and take it off', () => {
    const start = room();
    const media = { item: 2, kind: 'library', key: 'm2', title: 'Next', duration: null, url: 'u' };
    const loaded = applyFrame(
      fromSnapshot(start),
      frame(31, {
        event: 'timeline',
        cause: 'load',
        by: 1,
        timeline: { ...start.timeline, item: 2, rev: 31 },
        media,
      }),
    ).state;
    expect(loaded.room.media?.title).toBe('Next');
    const gone = applyFrame(
      loaded,
      frame(32, {
        event: 'timeline',
        cause: 'unload',
        by: 1,
        timeline: { ...start.timeline, item: null, rev: 32 },
      }),
    ).state;
    expect(gone.room.media).toBeNull();
  });

  it('never let an older timeline replace a newer one', () => {
    const start = room();
    const late = { ...start.timeline, position: 1, rev: 12 };
    const { state } = applyFrame(
      fromSnapshot(start),
      frame(31, { event: 'timeline', cause: 'seek', by: 1, timeline: late }),
    );
    expect(state.room.timeline.position).toBe(60);
  });

  it('add, change and remove members, and take who was let in off the door', () => {
    const start = room({ pending: [member(3, 'Cleo', { standing: 'pending' })] });
    const { state } = applyFrame(
      fromSnapshot(start),
      frame(31, {
        event: 'members',
        members: [member(3, 'Cleo'), member(1, 'Anna', { role: 'host' })],
        gone: [{ member: 2, reason: 'left' }],
        people: 2,
      }),
    );
    expect(state.room.members.map((each) => each.name)).toEqual(['Anna', 'Cleo']);
    expect(state.room.pending).toEqual([]);
    expect(state.room.people).toBe(2);
  });

  it('of an unknown kind change nothing', () => {
    const state = fromSnapshot(room());
    const future = { event: 'from_the_future' } as unknown as RoomEvent;
    expect(applyFrame(state, frame(31, future)).state.room).toEqual({ ...state.room, rev: 31 });
  });

  it('bring schedule and word list with the settings, and keep both where they are left out', () => {
    const policy = room().policy;
    let state = fromSnapshot(room());
    const settings = { event: 'settings', name: 'N', policy, schedule: 5, words: ['egg'] } as const;
    state = applyFrame(state, frame(31, { ...settings, words: [...settings.words] })).state;
    state = applyFrame(state, frame(32, { event: 'settings', name: 'M', policy })).state;
    expect(state.room).toMatchObject({ name: 'M', schedule: 5, words: ['egg'] });
    state = applyFrame(
      state,
      frame(33, { event: 'settings', name: 'M', policy, schedule: null }),
    ).state;
    expect(state.room.schedule).toBeNull();
  });

  it('delete a message, whose place stays', () => {
    const state = fromSnapshot(room({ chat: [message(5, 'a'), message(6, 'b')] }));
    const after = applyFrame(state, frame(31, { event: 'deleted', message: 5 })).state;
    expect(after.room.chat.map(({ id, text, deleted }) => [id, text, deleted ?? false])).toEqual([
      [5, '', true],
      [6, 'b', false],
    ]);
  });
});

describe('the position', () => {
  it('follows from the anchor, holds before it and ends at the medium’s end', () => {
    const start = room();
    expect(positionAt(start, 1_000_000 + 2500)).toBeCloseTo(62.5);
    expect(positionAt(start, 1_000_000 - 500)).toBe(60);
    expect(positionAt(start, 1_000_000 + 3_600_000)).toBe(600);
    const arriving = room({ timeline: { ...start.timeline, bound: 61 } });
    expect(positionAt(arriving, 1_000_000 + 2500)).toBe(61);
    const paused = { ...start, timeline: { ...start.timeline, playing: false } };
    expect(positionAt(paused, 1_000_000 + 2500)).toBe(60);
  });
});

describe('undo', () => {
  const undo = { by: 1, what: 'seek', until: 2000 };

  it('is offered to the author and to who has the control’s right, while it lasts', () => {
    const start = room({ undo });
    expect(usableUndo(start, 1000)).toEqual(undo);
    expect(usableUndo(start, 2000)).toBeNull();
    const rights = { ...start.you.rights, seek: false };
    expect(usableUndo({ ...start, you: { member: 2, rights } }, 1000)).toBeNull();
    expect(usableUndo({ ...start, you: { member: 1, rights } }, 1000)).toEqual(undo);
  });
});

describe('moving in the queue', () => {
  it('names the item to land before, or none for the end', () => {
    expect(beforeForIndex([1, 2, 3], 3, 0)).toBe(1);
    expect(beforeForIndex([1, 2, 3], 1, 1)).toBe(3);
    expect(beforeForIndex([1, 2, 3], 1, 2)).toBeUndefined();
  });
});
