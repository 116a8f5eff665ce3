// What the engine needs of a player and of its surroundings.
//
// `Player` is the whole surface through which the engine touches a medium:
// the browser's is in `video-player.ts`, the tests' in `sim/`. `Environment`
// is time, timers and visibility, so that tests run in virtual time.

/** `readyState` HAVE_FUTURE_DATA: below it a player cannot start, and a running one has run dry. */
export const FUTURE_DATA = 3;

/** One frame put on screen, from `requestVideoFrameCallback`. Instants in local monotonic ms. */
export interface FrameSample {
  /** Presentation timestamp of the frame, media seconds. */
  readonly mediaTime: number;
  /** When the browser expects the frame to be visible. */
  readonly displayAt: number;
  /** When the browser handed the frame to its compositor. */
  readonly presentedAt: number;
  /** Frames handed to the compositor so far. */
  readonly presentedFrames: number;
}

/** The player's state at one instant. */
export interface PlayerReading {
  /** Playback clock (`currentTime`), seconds. */
  readonly position: number;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly seeking: boolean;
  /** `HTMLMediaElement.readyState`: 0 nothing, 1 metadata, 2 this frame, 3 future data, 4 enough. */
  readonly readyState: number;
  /** Seconds; NaN while unknown, Infinity for live streams. */
  readonly duration: number;
  /** Seconds buffered from the position on without a gap. */
  readonly bufferedAhead: number;
  readonly rate: number;
  readonly muted: boolean;
  /** Sentence for people when the medium failed, else null. */
  readonly error: string | null;
}

/** Facts a player tells without being asked. None of them is ever a person's intent. */
export type PlayerEvent =
  | 'metadata'
  | 'canplay'
  | 'playing'
  | 'waiting'
  | 'seeked'
  | 'paused'
  | 'timeupdate'
  | 'ended'
  | 'emptied'
  | 'error';

/** A medium under the engine's control. */
export interface Player {
  read(): PlayerReading;
  /** Rejects with an error named `NotAllowedError` when the browser wants a gesture first. */
  play(): Promise<void>;
  pause(): void;
  seek(position: number): void;
  /** `preservePitch` false means resampling, which costs the media clock nothing. */
  setRate(rate: number, preservePitch: boolean): void;
  setMuted(muted: boolean): void;
  /** Whether media at `position` seconds is loaded already. */
  isBuffered(position: number): boolean;
  /** True when `onFrame` will ever fire. */
  readonly hasFrames: boolean;
  /** Returns the unsubscriber. */
  onFrame(listener: (frame: FrameSample) => void): () => void;
  /** Returns the unsubscriber. */
  onEvent(listener: (event: PlayerEvent) => void): () => void;
}

/** Time and surroundings of the engine. */
export interface Environment {
  /** Monotonic ms (`performance.now()`). */
  now(): number;
  /** Wall clock ms, only to notice sleep. */
  wallNow(): number;
  /** Wall ms of monotonic zero, only for the sync lab's samples. */
  readonly timeOrigin: number;
  setTimer(run: () => void, delayMs: number): number;
  clearTimer(id: number): void;
  /** True while nobody can see the page. */
  hidden(): boolean;
  /** Calls back on visibility, wake and network changes; returns the unsubscriber. */
  onWake(listener: () => void): () => void;
}
