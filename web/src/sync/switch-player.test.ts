import { expect, test } from 'vitest';

import type { Player, PlayerEvent, PlayerReading } from './player';
import { SwitchPlayer } from './switch-player';

function fake(reading: Partial<PlayerReading> = {}) {
  const state: PlayerReading = {
    position: 0,
    paused: true,
    ended: false,
    seeking: false,
    readyState: 4,
    duration: 60,
    bufferedAhead: 10,
    rate: 1,
    muted: false,
    error: null,
    ...reading,
  };
  const calls: string[] = [];
  const listeners = new Set<(event: PlayerEvent) => void>();
  const player = {
    hasFrames: false,
    read: () => state,
    play: () => Promise.resolve(void calls.push('play')),
    pause: () => void calls.push('pause'),
    seek: (position: number) => void calls.push(`seek ${position}`),
    setRate: (rate: number) => void calls.push(`rate ${rate}`),
    setMuted: () => undefined,
    isBuffered: () => false,
    onFrame: () => () => undefined,
    onEvent: (listener: (event: PlayerEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as Player;
  const tell = (event: PlayerEvent): void => listeners.forEach((listener) => listener(event));
  return {
    player,
    state: state as { -readonly [K in keyof PlayerReading]: PlayerReading[K] },
    calls,
    tell,
  };
}

test('the player that shows the film is the one that is heard and steered', () => {
  const [video, frame] = [fake({ position: 5 }), fake({ position: 30 })];
  const both = new SwitchPlayer(video.player);
  const heard: PlayerEvent[] = [];
  both.onEvent((event) => heard.push(event));
  both.use(frame.player);
  expect(video.calls).toEqual(['pause']);
  expect(heard).toEqual(['emptied']);
  video.tell('playing');
  frame.tell('waiting');
  expect(heard).toEqual(['emptied', 'waiting']);
  both.seek(12);
  expect([frame.calls, both.read().position]).toEqual([['seek 12'], 30]);
  both.use(video.player);
  expect(both.read().position).toBe(5);
});

test('in a live broadcast a seek only names the moment', async () => {
  const live = fake({ duration: Infinity, position: 4000 });
  const player = new SwitchPlayer(live.player);
  const heard: PlayerEvent[] = [];
  player.onEvent((event) => heard.push(event));
  expect(player.live).toBe(true);
  player.seek(17);
  await Promise.resolve();
  expect(heard).toEqual(['seeked']);
  expect(live.calls).toEqual([]);
  live.state.position = 4003;
  expect(player.read()).toMatchObject({ position: 20, duration: Infinity });
  expect(player.isBuffered(500)).toBe(true);
  player.setRate(1.25, true);
  expect(live.calls).toEqual(['rate 1']);
});
