// Twitch's words: what its embed script (dev.twitch.tv/docs/embed/video-and-clips) sends to and hears from the frame.
// Orders are numbers; the whole state comes as `UPDATE_STATE`, about each second, what happened as names.
import type { Dialect, FrameState, Told } from './frame-player';

const TO_PLAYER = 'twitch-embed-player-proxy';
const FROM_EMBED = 'twitch-embed';
const ORDERS = { pause: 2, play: 3, seek: 4, mute: 10, volume: 11 } as const;
const STATES: Readonly<Record<string, FrameState>> = {
  Ready: 'idle',
  // What it says of a pause.
  Idle: 'paused',
  Paused: 'paused',
  Buffering: 'buffering',
  Playing: 'playing',
  Ended: 'ended',
};

interface State {
  currentTime?: unknown;
  duration?: unknown;
  playback?: unknown;
  muted?: unknown;
  volume?: unknown;
  channelName?: unknown;
  videoID?: unknown;
  stats?: { videoStats?: { bufferSize?: unknown } | null } | null;
}

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

function stateOf(state: State): Told {
  const position = number(state.currentTime);
  const length = number(state.duration);
  const ahead = number(state.stats?.videoStats?.bufferSize);
  const playback = typeof state.playback === 'string' ? STATES[state.playback] : undefined;
  const volume = number(state.volume);
  return {
    ...(playback === undefined ? {} : { state: playback }),
    ...(position === undefined ? {} : { position }),
    ...(length !== undefined && length > 0 ? { duration: length } : {}),
    ...(ahead !== undefined && position !== undefined ? { loadedTo: position + ahead } : {}),
    ...(typeof state.muted === 'boolean' ? { muted: state.muted } : {}),
    ...(volume === undefined ? {} : { volume }),
  };
}

export const twitch: Dialect = {
  beatMs: 1_200,
  address(player, { page, position, muted }) {
    player.searchParams.set('parent', page.hostname);
    player.searchParams.set('muted', String(muted));
    if (position >= 1 && player.searchParams.has('video'))
      player.searchParams.set('time', `${Math.floor(position)}s`);
    return player;
  },
  orders(send) {
    const order = (eventName: number, params?: unknown): void =>
      send({ eventName, params, namespace: TO_PLAYER });
    return {
      play: () => order(ORDERS.play),
      pause: () => order(ORDERS.pause),
      seek: (position) => order(ORDERS.seek, position),
      mute: (on) => order(ORDERS.mute, on),
      volume: (level) => order(ORDERS.volume, level),
    };
  },
  read(data) {
    if (typeof data !== 'object' || data === null) return null;
    const { namespace, eventName, params } = data as Record<string, unknown>;
    if (namespace === TO_PLAYER && eventName === 'UPDATE_STATE')
      return typeof params === 'object' && params !== null ? stateOf(params) : null;
    if (namespace !== FROM_EMBED) return null;
    switch (eventName) {
      case 'ready':
        return { ready: true };
      case 'playing':
        return { state: 'playing' };
      case 'pause':
        return { state: 'paused' };
      case 'ended':
        return { state: 'ended' };
      case 'playbackBlocked':
        return { blocked: true };
      case 'offline':
        return { error: 'This channel is not live right now.' };
      case 'error':
        return { error: 'Twitch’s player cannot play this.' };
      default:
        return null;
    }
  },
};
