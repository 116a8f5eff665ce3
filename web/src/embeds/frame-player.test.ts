import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { dialectOf } from './dialects';
import { FramePlayer } from './frame-player';

const ADDRESSES: Record<string, string> = {
  youtube: 'https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?enablejsapi=1',
  vimeo: 'https://player.vimeo.com/video/76979871?dnt=1',
  twitch: 'https://player.twitch.tv/?video=v1234&autoplay=false',
};

/** A provider's page in a frame: what it was sent, and a way to say things as it does. */
function stage(provider: keyof typeof ADDRESSES, position = 0) {
  const sent: unknown[] = [];
  const contentWindow = {
    postMessage: (message: unknown, origin: string) => {
      expect(origin).toBe(new URL(frame.src).origin);
      sent.push(typeof message === 'string' ? (JSON.parse(message) as unknown) : message);
    },
  };
  const frame = { src: '', contentWindow };
  const dialect = dialectOf(provider);
  if (!dialect) throw new Error(provider);
  const player = new FramePlayer(
    frame as unknown as HTMLIFrameElement,
    ADDRESSES[provider] ?? '',
    dialect,
    {
      page: new URL('https://party.example/films/r/x'),
      position,
      muted: false,
      volume: 0.5,
      now: () => Date.now(),
    },
  );
  const say = (data: unknown, from: { source?: unknown; origin?: string } = {}): void => {
    window.dispatchEvent(
      Object.assign(new Event('message'), {
        data,
        source: 'source' in from ? from.source : contentWindow,
        origin: from.origin ?? new URL(frame.src).origin,
      }),
    );
  };
  return { player, frame, sent, say };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('navigator', { userActivation: { hasBeenActive: true } });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const info = (fields: object): string => JSON.stringify({ event: 'infoDelivery', info: fields });

test('YouTube’s player is greeted until it answers, begins where the room is, and runs by its own clock', async () => {
  const { player, frame, sent, say } = stage('youtube', 61.7);
  expect(new URL(frame.src).searchParams.get('origin')).toBe('https://party.example');
  expect(new URL(frame.src).searchParams.get('start')).toBe('61');
  expect(player.read().readyState).toBe(0);
  await vi.advanceTimersByTimeAsync(1100);
  const greetings = sent.filter((one) => (one as { event: string }).event === 'listening');
  expect(greetings.length).toBe(2);
  say(JSON.stringify({ event: 'onReady', info: null }));
  say(info({ playerState: 5, duration: 212, currentTime: 0 }));
  expect(player.read()).toMatchObject({
    readyState: 4,
    duration: 212,
    position: 61.7,
    paused: true,
  });

  const events: string[] = [];
  player.onEvent((event) => events.push(event));
  // Not begun: a seek must not make it begin.
  player.seek(30);
  expect(sent.at(-1)).toMatchObject({
    func: 'cueVideoById',
    args: [{ videoId: 'dQw4w9WgXcQ', startSeconds: 30 }],
  });
  expect(player.read()).toMatchObject({ position: 30, seeking: false });
  const started = player.play();
  expect(sent.at(-1)).toMatchObject({ func: 'playVideo' });
  say(info({ playerState: 3 }));
  await started;
  expect(player.read()).toMatchObject({ paused: false, readyState: 2 });
  say(info({ playerState: 1, currentTime: 30.1 }));
  await vi.advanceTimersByTimeAsync(400);
  expect(player.read().position).toBeCloseTo(30.5, 2);
  expect(player.read().readyState).toBe(4);
  player.pause();
  say(info({ playerState: 2, currentTime: 30.6 }));
  await vi.advanceTimersByTimeAsync(2000);
  expect(player.read()).toMatchObject({ paused: true, position: 30.6 });
  expect(events).toContain('playing');
  player.destroy();
});

test('what is told of before a seek does not count any more', async () => {
  const { player, say } = stage('youtube');
  say(info({ playerState: 1, currentTime: 10, duration: 212 }));
  const seeked = vi.fn();
  player.onEvent((event) => event === 'seeked' && seeked());
  player.seek(100);
  say(info({ currentTime: 10.3 }));
  expect(player.read()).toMatchObject({ position: 100, seeking: true });
  say(info({ currentTime: 100.2 }));
  await vi.advanceTimersByTimeAsync(0);
  expect(player.read().seeking).toBe(false);
  expect(seeked).toHaveBeenCalledOnce();
  player.destroy();
});

test('while an advertisement stands in the way it counts as loading, and people may reach it', async () => {
  const { player, say } = stage('youtube');
  const hands = vi.fn();
  player.onhands = hands;
  say(info({ playerState: 5, duration: 212 }));
  void player.play();
  say(info({ playerState: 1, currentTime: 0.3 }));
  for (let n = 0; n < 8; n += 1) {
    await vi.advanceTimersByTimeAsync(500);
    say(info({ currentTime: 0.3 }));
  }
  expect(player.read().readyState).toBe(2);
  expect(hands.mock.calls).toEqual([[true]]);
  say(info({ currentTime: 0.8 }));
  await vi.advanceTimersByTimeAsync(500);
  expect(player.read().readyState).toBe(4);
  expect(hands.mock.calls).toEqual([[true], [false]]);
  player.destroy();
});

test('a browser that wants a click first is told from a film that can’t be shown', async () => {
  const { player, say } = stage('youtube');
  say(JSON.stringify({ event: 'onReady' }));
  const held = player.play();
  say(JSON.stringify({ event: 'onAutoplayBlocked' }));
  await expect(held).rejects.toMatchObject({ name: 'NotAllowedError' });
  expect(player.read().error).toBeNull();
  say(JSON.stringify({ event: 'onError', info: 150 }));
  expect(player.read().error).toContain('owner');
  player.destroy();
});

test('nobody else can speak for the player', () => {
  const { player, say } = stage('youtube');
  say(info({ playerState: 1, currentTime: 50 }), { source: {} });
  say(info({ playerState: 1, currentTime: 50 }), { origin: 'https://evil.example' });
  for (const nonsense of ['{', 'null', '[]', '3', 7, null, undefined, { event: 'infoDelivery' }])
    say(nonsense);
  say(info({ playerState: 'x', currentTime: 'NaN', duration: -1, volume: null }));
  expect(player.read()).toMatchObject({ position: 0, paused: true, error: null });
  player.destroy();
});

test('nudges are too fine for a player with a few speeds, and one with one speed keeps it', () => {
  const youtube = stage('youtube');
  youtube.say(info({ playerState: 1, currentTime: 1 }));
  youtube.player.setRate(1.01);
  expect(JSON.stringify(youtube.sent)).not.toContain('setPlaybackRate');
  youtube.player.setRate(1.5);
  expect(youtube.sent.at(-1)).toMatchObject({ func: 'setPlaybackRate', args: [1.5] });
  expect(youtube.player.read().rate).toBe(1.5);
  youtube.player.destroy();
  const twitch = stage('twitch');
  twitch.player.setRate(1.5);
  expect([twitch.player.read().rate, twitch.sent]).toEqual([1, []]);
  twitch.player.destroy();
});

test('Vimeo’s player hears and tells in its own words', async () => {
  const { player, frame, sent, say } = stage('vimeo', 12.9);
  expect(new URL(frame.src).hash).toBe('#t=12s');
  say({ event: 'ready' });
  say(JSON.stringify({ method: 'getDuration', value: 62 }));
  expect(player.read()).toMatchObject({ readyState: 4, duration: 62 });
  const started = player.play();
  expect(sent.at(-1)).toEqual({ method: 'play' });
  say(JSON.stringify({ event: 'play', data: { seconds: 13, duration: 62 } }));
  await started;
  say({ event: 'timeupdate', data: { seconds: 13.5, duration: 62 } });
  await vi.advanceTimersByTimeAsync(250);
  expect(player.read().position).toBeCloseTo(13.75, 2);
  player.seek(40);
  expect(sent.at(-1)).toEqual({ method: 'setCurrentTime', value: 40 });
  say({ event: 'bufferstart' });
  expect(player.read()).toMatchObject({ readyState: 2, seeking: true });
  say({ event: 'seeked', data: { seconds: 40, duration: 62 } });
  say({ event: 'bufferend' });
  expect(player.read()).toMatchObject({ readyState: 4, seeking: false, position: 40 });
  const again = player.play();
  say({ event: 'error', data: { name: 'NotAllowedError', method: 'play' } });
  await expect(again).rejects.toMatchObject({ name: 'NotAllowedError' });
  // A rate that its owner forbids is no end of the film.
  say({ event: 'error', data: { name: 'Error', method: 'setPlaybackRate' } });
  expect(player.read().error).toBeNull();
  player.destroy();
});

test('Twitch’s player hears and tells in its own words', async () => {
  const { player, frame, sent, say } = stage('twitch', 90.2);
  const address = new URL(frame.src);
  expect(address.searchParams.get('parent')).toBe('party.example');
  expect(address.searchParams.get('time')).toBe('90s');
  const namespace = 'twitch-embed-player-proxy';
  const update = (params: object): void => say({ namespace, eventName: 'UPDATE_STATE', params });
  void player.play();
  sent.length = 0;
  say({ namespace: 'twitch-embed', eventName: 'ready', params: {} });
  // What was said before it could hear is said again.
  expect(sent).toContainEqual({ namespace, eventName: 3, params: undefined });
  expect(sent).toContainEqual({ namespace, eventName: 11, params: 0.5 });
  update({ playback: 'Playing', currentTime: 90, duration: 3600, muted: false, volume: 0.5 });
  await vi.advanceTimersByTimeAsync(500);
  expect(player.read().position).toBeCloseTo(90.5, 2);
  player.seek(200);
  expect(sent.at(-1)).toEqual({ namespace, eventName: 4, params: 200 });
  update({ playback: 'Playing', currentTime: 91 });
  expect(player.read().seeking).toBe(true);
  update({ playback: 'Playing', currentTime: 200.4, stats: { videoStats: { bufferSize: 8 } } });
  expect(player.read()).toMatchObject({ seeking: false, position: 200.4, bufferedAhead: 8 });
  player.pause();
  update({ playback: 'Idle', currentTime: 200.9 });
  expect(player.read().paused).toBe(true);
  say({ namespace: 'twitch-embed', eventName: 'offline' });
  expect(player.read().error).toContain('not live');
  player.destroy();
});
