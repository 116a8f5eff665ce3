// hls.js on the page's <video>: fetched only when a film has to come in segments.
//
// Segments carry the film's own times and playlists say them exactly, so nothing is shifted on the way. The
// time that an encoder needs for a segment is not the line's fault and is kept out of what hls.js
// measures, or it would step down, and start yet another encoder.
import Hls, {
  type ErrorData,
  type HlsConfig,
  type Level,
  type LoaderCallbacks,
  type LoaderConfiguration,
  type LoaderContext,
  type LoadPolicy,
} from 'hls.js';

import { resolve } from '../net/request';

export interface Wanted {
  video: HTMLVideoElement;
  /** The master playlist, relative to the page's base. */
  playlist: string;
  /** Where to begin, s. */
  position: () => number;
  /** No more lines than this. */
  most: number | null;
  /** The sound track; null for the film's own choice. */
  sound: number | null;
  /** Another site's: it may be live, and its names mean nothing to us. */
  foreign?: boolean;
}

export interface Told {
  /** The picture's form changed: converted to so many lines, or the film's own. */
  lines: (lines: number | 'own' | null) => void;
  /** It will not go on; a sentence for people. */
  failed: (why: string) => void;
}

export interface Attached {
  setMost(lines: number | null): void;
  setSound(track: number): void;
  stop(): void;
}

/** The server itself gives up after 25 s; a queue before the encoder makes it try again. */
const SEGMENT: LoadPolicy = {
  default: {
    maxTimeToFirstByteMs: 40_000,
    maxLoadTimeMs: 120_000,
    timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 20, retryDelayMs: 1000, maxRetryDelayMs: 4000 },
  },
};

/** Ahead of the picture, s: what the server makes ahead, and no more. */
const BUFFER_S = 30;
/** Begin with the best: most lines carry it, and the first segments tell. Bits a second. */
const FIRST_GUESS = 20_000_000;
/** A line's own delay, ms; what a segment took beyond it, the encoder took. */
const LINE_MS = 50;
/** Segments behind the newest at which a live stream begins (RFC 8216, 6.3.3), and at which it jumps ahead. */
const LIVE_BEHIND = 3;
const LIVE_SEGMENTS = 10;
/** A decoder that stumbles is started anew so often within a film. */
const RECOVERIES = 3;

const Loader = Hls.DefaultConfig.loader;

/** Forgets the wait for the first byte. */
class PatientLoader extends Loader {
  override load(
    context: LoaderContext,
    config: LoaderConfiguration,
    callbacks: LoaderCallbacks<LoaderContext>,
  ): void {
    super.load(context, config, {
      ...callbacks,
      onSuccess: (response, stats, context, details) => {
        stats.loading.start = Math.max(stats.loading.start, stats.loading.first - LINE_MS);
        callbacks.onSuccess(response, stats, context, details);
      },
    });
  }
}

/** What the server said about a part that it refused. */
async function whyNot(data: ErrorData): Promise<string | null> {
  const url = data.frag?.url ?? data.context?.url ?? data.url;
  if (data.type !== Hls.ErrorTypes.NETWORK_ERROR || !url) return null;
  const response = await fetch(url).catch(() => null);
  if (!response || response.ok) return null;
  const body = (await response.json().catch(() => null)) as { message?: string } | null;
  return body?.message ?? null;
}

/** The lines that a level is called by: a wide film of 1080 has fewer. */
function linesOf(level: Level | undefined): number | 'own' | null {
  if (!level) return null;
  const named = /\/v(\d+)\.m3u8/.exec(level.uri)?.[1];
  return named === undefined ? 'own' : Number(named);
}

export function attach(wanted: Wanted, told: Told): Attached {
  const { video } = wanted;
  const url = new URL(resolve(wanted.playlist));
  if (wanted.sound !== null) url.searchParams.set('sound', String(wanted.sound));
  if (!Hls.isSupported()) return attachNatively(video, url, wanted);
  const config: Partial<HlsConfig> = {
    // Our segments need no repackaging: nothing for a worker to do.
    enableWorker: false,
    // A live one has its own beginning.
    startPosition: wanted.foreign ? -1 : wanted.position(),
    maxBufferLength: BUFFER_S,
    maxMaxBufferLength: BUFFER_S,
    backBufferLength: BUFFER_S,
    abrEwmaDefaultEstimate: FIRST_GUESS,
    fragLoadPolicy: SEGMENT,
    fLoader: PatientLoader as unknown as NonNullable<HlsConfig['fLoader']>,
  };
  // Who paused a live stream for long comes back to what is live.
  if (wanted.foreign)
    Object.assign(config, {
      // A live stream has no end to run to: by that it is known as one.
      liveDurationInfinity: true,
      liveSyncDurationCount: LIVE_BEHIND,
      liveMaxLatencyDurationCount: LIVE_SEGMENTS,
    });
  const hls = new Hls(config);
  let recoveries = 0;
  let stopped = false;
  let most = wanted.most;
  const cap = (): void => {
    const limit = most;
    if (limit === null) {
      hls.autoLevelCapping = -1;
      return;
    }
    const fits = hls.levels.map((level) => {
      const lines = linesOf(level);
      return (lines === 'own' ? level.height : (lines ?? 0)) <= limit;
    });
    // The least there is, where even that is more.
    hls.autoLevelCapping = Math.max(0, fits.lastIndexOf(true));
  };
  hls.on(Hls.Events.MANIFEST_PARSED, cap);
  if (!wanted.foreign)
    hls.on(Hls.Events.LEVEL_SWITCHED, (_event, { level }) =>
      told.lines(linesOf(hls.levels[level])),
    );
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries < RECOVERIES) {
      recoveries += 1;
      hls.recoverMediaError();
      return;
    }
    void whyNot(data).then((why) => {
      if (!stopped) told.failed(why ?? `The film stopped coming (${data.details}). Try it again.`);
    });
  });
  hls.attachMedia(video);
  hls.loadSource(url.href);
  return {
    setMost: (lines) => {
      most = lines;
      cap();
    },
    setSound: (track) => (hls.audioTrack = track),
    stop: () => {
      stopped = true;
      hls.destroy();
    },
  };
}

/** Older iPhones play HLS by themselves, and nothing else; a choice means another playlist. */
function attachNatively(video: HTMLVideoElement, url: URL, wanted: Wanted): Attached {
  const choose = (name: string, value: number | null): void => {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, String(value));
  };
  const load = (): void => {
    video.src = url.href;
    video.load();
  };
  choose('most', wanted.most);
  load();
  return {
    setMost: (lines) => {
      choose('most', lines);
      load();
    },
    setSound: (track) => {
      choose('sound', track);
      load();
    },
    stop: () => undefined,
  };
}
