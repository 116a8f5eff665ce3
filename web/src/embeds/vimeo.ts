// Vimeo's words: what its Player SDK (developer.vimeo.com/player/sdk) sends to and hears from the frame. Orders are
// `{method, value}`, tellings `{event, data}`, JSON as text from us and as either from it.
import type { Dialect, Told } from './frame-player';

const EVENTS = [
  'play',
  'playing',
  'pause',
  'ended',
  'timeupdate',
  'progress',
  'seeked',
  'bufferstart',
  'bufferend',
  'volumechange',
  'loaded',
  'error',
];

interface Data {
  seconds?: unknown;
  duration?: unknown;
  percent?: unknown;
  volume?: unknown;
  muted?: unknown;
  name?: unknown;
  method?: unknown;
  message?: unknown;
}

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

const times = (data: Data): Told => {
  const [position, duration] = [number(data.seconds), number(data.duration)];
  return {
    ...(position === undefined ? {} : { position }),
    ...(duration === undefined ? {} : { duration }),
  };
};

function eventOf(event: string, data: Data): Told | null {
  switch (event) {
    case 'ready':
    case 'loaded':
      return { ready: true };
    case 'play':
    case 'playing':
    case 'bufferend':
      return { ...times(data), state: 'playing' };
    case 'timeupdate':
    case 'seeked':
      return times(data);
    case 'pause':
      return { ...times(data), state: 'paused' };
    case 'ended':
      return { ...times(data), state: 'ended' };
    case 'bufferstart':
      return { state: 'buffering' };
    case 'progress': {
      const [part, duration] = [number(data.percent), number(data.duration)];
      return part !== undefined && duration !== undefined ? { loadedTo: part * duration } : null;
    }
    case 'volumechange': {
      const volume = number(data.volume);
      return {
        ...(volume === undefined ? {} : { volume }),
        ...(typeof data.muted === 'boolean' ? { muted: data.muted } : {}),
      };
    }
    case 'error':
      return errorOf(data);
    default:
      return null;
  }
}

/** Most are of one order (a rate that its owner forbids), and no end of the film. */
function errorOf(data: Data): Told | null {
  switch (data.name) {
    case 'NotAllowedError':
      return data.method === 'play' ? { blocked: true } : null;
    case 'NotFoundError':
      return { error: 'Vimeo knows no such video.' };
    case 'PrivacyError':
    case 'PasswordError':
      return { error: 'The video’s owner lets nobody show it outside of Vimeo.' };
    case 'UnsupportedError':
    case 'NotPlayableError':
      return { error: 'Vimeo’s player cannot play this video in this browser.' };
    default:
      return null;
  }
}

export const vimeo: Dialect = {
  beatMs: 500,
  address(player, { position }) {
    if (position >= 1) player.hash = `t=${Math.floor(position)}s`;
    return player;
  },
  greet(send) {
    for (const event of EVENTS) send(order('addEventListener', event));
    send(order('getDuration'));
  },
  orders(send) {
    return {
      play: () => send(order('play')),
      pause: () => send(order('pause')),
      seek: (position) => send(order('setCurrentTime', position)),
      mute: (on) => send(order('setMuted', on)),
      volume: (level) => send(order('setVolume', level)),
    };
  },
  read(data) {
    let message = data as { event?: unknown; data?: unknown; method?: unknown; value?: unknown };
    if (typeof data === 'string') {
      try {
        message = JSON.parse(data) as typeof message;
      } catch {
        return null;
      }
    }
    if (typeof message !== 'object' || message === null) return null;
    if (message.method === 'getDuration') {
      const duration = number(message.value);
      return duration === undefined ? null : { ready: true, duration };
    }
    if (typeof message.event !== 'string') return null;
    const body = typeof message.data === 'object' && message.data !== null ? message.data : {};
    return eventOf(message.event, body);
  },
};

function order(method: string, value?: unknown): string {
  return JSON.stringify(value === undefined ? { method } : { method, value });
}
