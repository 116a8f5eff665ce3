// YouTube's words: what its IFrame Player API (developers.google.com/youtube/iframe_api_reference) sends to and hears
// from the frame. Messages are JSON as text, both ways.
import type { Dialect, FrameState, Told } from './frame-player';

const ID = 'watchalong';
/** `YT.PlayerState`. */
const STATES: Readonly<Record<number, FrameState>> = {
  [-1]: 'idle',
  0: 'ended',
  1: 'playing',
  2: 'paused',
  3: 'buffering',
  5: 'idle',
};
/** Sentences for the codes of `onError`. */
const ERRORS: Readonly<Record<number, string>> = {
  2: 'YouTube knows no such video.',
  5: 'YouTube’s player failed in this browser. Reload the page to try again.',
  100: 'This video is gone from YouTube, or it is private.',
  101: 'The video’s owner lets nobody show it outside of YouTube.',
  150: 'The video’s owner lets nobody show it outside of YouTube.',
  153: 'YouTube does not play here: it wants to know which page shows its video, and this browser hides that.',
};
const EVENTS = ['onReady', 'onStateChange', 'onError', 'onAutoplayBlocked'];

interface Info {
  currentTime?: unknown;
  duration?: unknown;
  videoLoadedFraction?: unknown;
  playerState?: unknown;
  muted?: unknown;
  volume?: unknown;
  progressState?: { current?: unknown; duration?: unknown; loaded?: unknown } | null;
}

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** Only what is there: `undefined` must not overwrite what is known. */
function present(told: Record<string, unknown>): Told {
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

function infoOf(info: Info): Told {
  const progress = info.progressState ?? {};
  const length = number(progress.duration) ?? number(info.duration);
  const duration = length !== undefined && length > 0 ? length : undefined;
  const fraction = number(info.videoLoadedFraction);
  const loaded =
    number(progress.loaded) ??
    (fraction !== undefined && duration !== undefined ? fraction * duration : undefined);
  const volume = number(info.volume);
  return present({
    ready: true,
    state: typeof info.playerState === 'number' ? STATES[info.playerState] : undefined,
    position: number(info.currentTime) ?? number(progress.current),
    duration,
    loadedTo: loaded,
    muted: typeof info.muted === 'boolean' ? info.muted : undefined,
    volume: volume === undefined ? undefined : volume / 100,
  });
}

export const youtube: Dialect = {
  beatMs: 500,
  address(player, { page, position }) {
    player.searchParams.set('origin', page.origin);
    player.searchParams.set('widget_referrer', page.origin);
    if (position >= 1) player.searchParams.set('start', String(Math.floor(position)));
    return player;
  },
  greet(send) {
    send(JSON.stringify({ event: 'listening', id: ID, channel: 'widget' }));
    for (const event of EVENTS) send(command('addEventListener', event));
  },
  orders(send, { address, begun }) {
    const order = (func: string, ...args: unknown[]): void => send(command(func, ...args));
    const videoId = address.pathname.split('/').at(-1);
    return {
      play: () => order('playVideo'),
      pause: () => order('pauseVideo'),
      seek: (position) => {
        if (begun()) order('seekTo', position, true);
        // A video that was never begun would begin by a seek.
        else order('cueVideoById', { videoId, startSeconds: position });
      },
      rate: (rate) => order('setPlaybackRate', rate),
      mute: (on) => order(on ? 'mute' : 'unMute'),
      volume: (level) => order('setVolume', Math.round(level * 100)),
    };
  },
  read(data) {
    if (typeof data !== 'string') return null;
    let message: { event?: unknown; info?: unknown };
    try {
      message = JSON.parse(data) as typeof message;
    } catch {
      return null;
    }
    const { event, info } = message ?? {};
    switch (event) {
      case 'onReady':
        return { ready: true };
      case 'initialDelivery':
      case 'infoDelivery':
        return typeof info === 'object' && info !== null ? infoOf(info) : null;
      case 'onStateChange': {
        const state = STATES[Number(info)];
        return state ? { ready: true, state } : null;
      }
      case 'onError':
        return { error: ERRORS[Number(info)] ?? 'YouTube’s player cannot play this video.' };
      case 'onAutoplayBlocked':
        return { blocked: true };
      default:
        return null;
    }
  },
};

function command(func: string, ...args: unknown[]): string {
  return JSON.stringify({ event: 'command', func, args, id: ID, channel: 'widget' });
}
