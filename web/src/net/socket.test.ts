import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ServerMessage } from './protocol';
import { type ConnectionState, RoomSocket, SILENCE_MS, type WireSocket } from './socket';

/** A scripted WebSocket: the test plays the server. */
class FakeWire implements WireSocket {
  static all: FakeWire[] = [];
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closedWith: number | undefined;

  constructor() {
    FakeWire.all.push(this);
  }
  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }
  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
  }
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }
  breaks(): void {
    this.readyState = 3;
    this.onclose?.({} as CloseEvent);
  }
}

const welcome = { t: 'welcome', v: 2, member: 1, resume: 'seat', person: 'p', room: {} };

function last(): FakeWire {
  const wire = FakeWire.all.at(-1);
  if (!wire) throw new Error('no connection was opened');
  return wire;
}

function connect() {
  const states: ConnectionState[] = [];
  const messages: ServerMessage[] = [];
  let resume: string | undefined;
  const byes: string[] = [];
  const socket = new RoomSocket(
    'ws://h/socket',
    {
      hello: () => ({ name: 'Ann', resume, hostKey: 'k' }),
      state: (state) => states.push(state),
      welcome: (message) => (resume = message.resume),
      pending: () => undefined,
      message: (message) => messages.push(message),
      bye: (message) => byes.push(message.code),
    },
    () => new FakeWire(),
  );
  socket.open();
  last().opens();
  return { socket, states, messages, byes };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  FakeWire.all = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the connection', () => {
  it('says hello first and is open after the welcome', () => {
    const { socket } = connect();
    expect(last().sent).toEqual([
      { t: 'hello', v: 2, name: 'Ann', client: 'web', reports: true, host_key: 'k' },
    ]);
    expect(socket.state).toBe('connecting');
    last().says(welcome);
    expect(socket.state).toBe('open');
  });

  it('comes back after 0.2 s with the seat of the last welcome', () => {
    const { socket } = connect();
    last().says(welcome);
    last().breaks();
    expect(socket.state).toBe('reconnecting');
    vi.advanceTimersByTime(199);
    expect(FakeWire.all).toHaveLength(1);
    vi.advanceTimersByTime(2);
    last().opens();
    expect(last().sent[0]).toMatchObject({ t: 'hello', resume: 'seat' });
  });

  it('waits twice as long after each failure: up to 2 s for two minutes, then up to 5 s', () => {
    connect();
    last().says(welcome);
    const waits: number[] = [];
    for (let i = 0; i < 62; i += 1) {
      last().breaks();
      const before = FakeWire.all.length;
      let waited = 0;
      while (FakeWire.all.length === before && waited < 20_000) {
        vi.advanceTimersByTime(50);
        waited += 50;
      }
      waits.push(waited);
    }
    expect(waits.slice(0, 6)).toEqual([200, 400, 800, 1600, 2000, 2000]);
    expect(waits.slice(-2)).toEqual([5000, 5000]);
  });

  it('tries at once when the network is back', () => {
    const { socket } = connect();
    last().says(welcome);
    last().breaks();
    socket.retryNow();
    expect(FakeWire.all).toHaveLength(2);
  });

  it('gives up a path on which nothing arrives any more', () => {
    const { socket } = connect();
    last().says(welcome);
    vi.advanceTimersByTime(SILENCE_MS - 1);
    last().says({ t: 'clock', id: 1, c: 1, r: 2, s: 2 });
    vi.advanceTimersByTime(SILENCE_MS - 1);
    expect(socket.state).toBe('open');
    vi.advanceTimersByTime(2);
    expect(socket.state).toBe('reconnecting');
    expect(FakeWire.all[0]?.closedWith).toBe(4000);
  });

  it('stays closed after a goodbye for good, and comes back after any other', () => {
    const first = connect();
    last().says(welcome);
    last().says({ t: 'bye', code: 'kicked', message: 'Out.', again: false });
    expect(first.socket.state).toBe('closed');
    expect(first.byes).toEqual(['kicked']);
    vi.advanceTimersByTime(60_000);
    expect(FakeWire.all).toHaveLength(1);

    const second = connect();
    last().says(welcome);
    last().says({ t: 'bye', code: 'restarting', message: 'Back soon.', again: true });
    last().breaks();
    expect(second.socket.state).toBe('reconnecting');
  });

  it('leaves with code 1000, which gives the seat up', () => {
    const { socket } = connect();
    last().says(welcome);
    socket.close();
    expect(last().closedWith).toBe(1000);
  });

  it('is not confused by what is no message', () => {
    const { socket, messages } = connect();
    last().says(welcome);
    last().onmessage?.({ data: '{broken' } as MessageEvent);
    last().onmessage?.({ data: '3' } as MessageEvent);
    last().says({ t: 'from_the_future', x: 1 });
    expect(socket.state).toBe('open');
    expect(messages).toHaveLength(1);
  });
});

describe('a command', () => {
  it('resolves with its revision when acknowledged', async () => {
    const { socket } = connect();
    last().says(welcome);
    const done = socket.command({ do: 'seek', position: 3 });
    expect(last().sent.at(-1)).toEqual({ t: 'cmd', id: 1, do: 'seek', position: 3 });
    last().says({ t: 'ack', id: 1, rev: 31 });
    await expect(done).resolves.toBe(31);
  });

  it('is rejected with the server’s code and sentence', async () => {
    const { socket } = connect();
    last().says(welcome);
    const done = socket.command({ do: 'pause' });
    last().says({ t: 'refused', id: 1, code: 'not_allowed', message: 'Only the host can pause.' });
    await expect(done).rejects.toMatchObject({
      code: 'not_allowed',
      message: 'Only the host can pause.',
    });
  });

  it('is never sent later: offline it fails at once, and a lost answer is told', async () => {
    const { socket } = connect();
    await expect(socket.command({ do: 'play' })).rejects.toMatchObject({ code: 'offline' });
    last().says(welcome);
    const lost = socket.command({ do: 'play' });
    last().breaks();
    await expect(lost).rejects.toMatchObject({ code: 'offline' });
  });
});
