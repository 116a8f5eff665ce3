// A small room for tests: Ann hosts, Ben watches.
import type { Member, Snapshot } from './model';

export function member(id: number, name: string, more: Partial<Member> = {}): Member {
  return {
    id,
    name,
    role: 'viewer',
    standing: 'admitted',
    present: true,
    away_since: null,
    muted: false,
    ready: true,
    reports: true,
    client: 'web',
    ...more,
  };
}

export function room(more: Partial<Snapshot> = {}): Snapshot {
  return {
    code: 'bakoti-zuna',
    name: 'Movie night',
    rev: 30,
    life: { state: 'live' },
    policy: {
      entry: 'open',
      visibility: 'unlisted',
      controls: {
        play: 'everyone',
        seek: 'everyone',
        rate: 'co_hosts',
        queue: 'everyone',
        chat: 'everyone',
        invite: 'everyone',
        people: 'co_hosts',
        ask: true,
      },
      seek_pauses: false,
      host_absence: { do: 'stay' },
      barrier: { do: 'wait', quorum: 1, deadline: 10_000 },
      start_lead: { do: 'adaptive', min: 120, max: 1500 },
      capacity: 100,
      chat: {
        enabled: true,
        max_length: 2000,
        window: 10_000,
        window_count: 10,
        cool_down: 10_000,
        duplicate_span: 5000,
        slow_mode: 0,
      },
      seat_hold: 90_000,
      idle_expiry: 86_400_000,
      auto_advance: true,
      undo_window: 10_000,
    },
    timeline: {
      item: 1,
      position: 60,
      at: 1_000_000,
      rate: 1,
      playing: true,
      rev: 30,
      by: 1,
      duration: 600,
    },
    media: {
      item: 1,
      kind: 'library',
      key: 'm1',
      title: 'Big Film',
      duration: 600,
      url: 'media/x/m1',
      problem: null,
    },
    barrier: null,
    members: [member(1, 'Ann', { role: 'host' }), member(2, 'Ben')],
    queue: [],
    chat: [],
    undo: null,
    you: {
      member: 2,
      rights: {
        play: true,
        seek: true,
        rate: false,
        queue: true,
        chat: true,
        invite: true,
        people: false,
        host: false,
        ask: false,
      },
    },
    pending: [],
    ...more,
  };
}
