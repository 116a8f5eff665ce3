// The browser's side of the engine's two interfaces: `VideoPlayer` over an
// `HTMLVideoElement` (or audio element), `browserEnvironment` over the page.
//
// The only file of the engine that touches the DOM. It translates, and decides
// nothing; a media event here is a fact, never a person's wish.

import type { Environment, FrameSample, Player, PlayerEvent, PlayerReading } from './player';

/** Media events and what they mean to the engine. */
const EVENTS: readonly (readonly [string, PlayerEvent])[] = [
  ['loadedmetadata', 'metadata'],
  ['canplay', 'canplay'],
  ['canplaythrough', 'canplay'],
  ['progress', 'canplay'],
  ['playing', 'playing'],
  ['waiting', 'waiting'],
  ['seeked', 'seeked'],
  ['pause', 'paused'],
  ['timeupdate', 'timeupdate'],
  ['ended', 'ended'],
  ['emptied', 'emptied'],
  ['error', 'error'],
];

/** Gaps between buffered ranges that browsers play over, seconds. */
const GAP_S = 0.1;

/** Sentences for `MediaError.code`. */
const ERRORS: Readonly<Record<number, string>> = {
  1: 'Loading the video was stopped. Reload the page to try again.',
  2: 'The network failed while loading the video. Check the connection, then try again.',
  3: 'The video is damaged, or its format breaks off here, and the browser cannot decode it.',
  4: 'This browser cannot play the video: its format is not supported or the file is gone.',
};

/** A media element as the engine's player. Create one per element; it adds no listeners by itself. */
export class VideoPlayer implements Player {
  readonly #media: HTMLMediaElement;
  readonly hasFrames: boolean;

  constructor(media: HTMLMediaElement) {
    this.#media = media;
    this.hasFrames = 'requestVideoFrameCallback' in media;
  }

  read(): PlayerReading {
    const m = this.#media;
    return {
      position: m.currentTime,
      paused: m.paused,
      ended: m.ended,
      seeking: m.seeking,
      readyState: m.readyState,
      duration: m.duration,
      bufferedAhead: Math.max(0, this.#bufferedTo(m.currentTime) - m.currentTime),
      rate: m.playbackRate,
      muted: m.muted,
      error: m.error ? (ERRORS[m.error.code] ?? 'The browser cannot play the video.') : null,
    };
  }

  play(): Promise<void> {
    return this.#media.play();
  }

  pause(): void {
    this.#media.pause();
  }

  seek(position: number): void {
    // Throws while no metadata is loaded in some browsers; the engine waits for it, so it cannot.
    this.#media.currentTime = position;
  }

  setRate(rate: number, preservePitch: boolean): void {
    if (this.#media.preservesPitch !== preservePitch) this.#media.preservesPitch = preservePitch;
    if (this.#media.playbackRate !== rate) this.#media.playbackRate = rate;
  }

  setMuted(muted: boolean): void {
    this.#media.muted = muted;
  }

  isBuffered(position: number): boolean {
    return this.#bufferedTo(position) - position > 0.25;
  }

  onFrame(listener: (frame: FrameSample) => void): () => void {
    const media = this.#media;
    if (!(media instanceof HTMLVideoElement) || !this.hasFrames) return () => undefined;
    let handle = 0;
    const next = (): void => {
      handle = media.requestVideoFrameCallback((_now, frame) => {
        next();
        listener({
          mediaTime: frame.mediaTime,
          displayAt: frame.expectedDisplayTime,
          presentedAt: frame.presentationTime,
          presentedFrames: frame.presentedFrames,
        });
      });
    };
    next();
    return () => {
      media.cancelVideoFrameCallback(handle);
    };
  }

  onEvent(listener: (event: PlayerEvent) => void): () => void {
    const listeners = EVENTS.map(([type, event]) => {
      const run = (): void => {
        listener(event);
      };
      this.#media.addEventListener(type, run);
      return [type, run] as const;
    });
    return () => {
      for (const [type, run] of listeners) this.#media.removeEventListener(type, run);
    };
  }

  /** End of what is loaded from `position` on, seconds; `position` itself when nothing is. */
  #bufferedTo(position: number): number {
    const ranges = this.#media.buffered;
    let end = position;
    for (let i = 0; i < ranges.length; i += 1) {
      if (ranges.start(i) <= end + GAP_S && ranges.end(i) > end) end = ranges.end(i);
    }
    return end;
  }
}

interface NetworkInformation extends EventTarget {
  readonly effectiveType?: string;
}

/** The page as the engine's environment. */
export function browserEnvironment(): Environment {
  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    timeOrigin: performance.timeOrigin,
    setTimer: (run, delayMs) => window.setTimeout(run, delayMs),
    clearTimer: (id) => {
      window.clearTimeout(id);
    },
    hidden: () => document.visibilityState === 'hidden',
    onWake: (listener) => {
      const connection = (navigator as Navigator & { readonly connection?: NetworkInformation })
        .connection;
      document.addEventListener('visibilitychange', listener);
      document.addEventListener('resume', listener);
      window.addEventListener('online', listener);
      window.addEventListener('pageshow', listener);
      connection?.addEventListener('change', listener);
      return () => {
        document.removeEventListener('visibilitychange', listener);
        document.removeEventListener('resume', listener);
        window.removeEventListener('online', listener);
        window.removeEventListener('pageshow', listener);
        connection?.removeEventListener('change', listener);
      };
    },
  };
}
