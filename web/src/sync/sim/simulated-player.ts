// A player with the habits of a real one, in virtual time: starting and seeking
// cost time, rate changes take effect late and (with pitch preserved) move the
// clock, the device's speed is a little off, playback runs dry, frames come in
// steps. Figures default to what headless Chromium showed.

import type { FrameSample, Player, PlayerEvent, PlayerReading } from '../player';
import type { VirtualTime } from './virtual-time';

export interface PlayerHabits {
  /** `play()` to the clock running: mean and spread, ms. */
  readonly startMs: number;
  readonly startSpreadMs: number;
  /** Seek to ready: mean and spread, ms; `fetchMs` on top where nothing is loaded. */
  readonly seekMs: number;
  readonly seekSpreadMs: number;
  readonly fetchMs: number;
  /** Relative speed error of the media clock, e.g. 0.003 for 0.3 %. */
  readonly speedError: number;
  /** Rate set to rate in effect, ms. */
  readonly actuationMs: number;
  /** Clock step when time stretching begins and ends, ms. */
  readonly stretchInMs: number;
  readonly stretchOutMs: number;
  readonly fps: number;
  readonly duration: number;
  /** Seconds the server loads ahead of the position. */
  readonly loadAheadS: number;
  /** Media seconds a link brings per second after a fetch; `Infinity` has them all at once. */
  readonly fillRate: number;
  /** The browser's autoplay rule. */
  readonly autoplay: 'allowed' | 'muted' | 'blocked';
  readonly hasFrames: boolean;
  /** `currentTime` moves in steps of this many ms (coarse clocks), 0 for smooth. */
  readonly clockStepMs: number;
}

export const CHROMIUM: PlayerHabits = {
  startMs: 72,
  startSpreadMs: 8,
  seekMs: 40,
  seekSpreadMs: 25,
  fetchMs: 30,
  speedError: 0,
  actuationMs: 85,
  stretchInMs: -20,
  stretchOutMs: -5,
  fps: 30,
  duration: 7_200,
  loadAheadS: 30,
  fillRate: Infinity,
  autoplay: 'allowed',
  hasFrames: true,
  clockStepMs: 0,
};

/** What the first answer to a fetch holds, media seconds. */
const FIRST_S = 0.3;

/** See the head of this file. */
export class SimulatedPlayer implements Player {
  readonly hasFrames: boolean;
  /** What the engine called, for tests that look at conduct: `seek`, `play`, `pause`, `rate`. */
  readonly calls: { readonly at: number; readonly what: string; readonly value: number }[] = [];
  readonly habits: PlayerHabits;

  readonly #time: VirtualTime;
  readonly #chance: () => number;
  readonly #toLocal: (virtual: number) => number;
  readonly #frameListeners = new Set<(frame: FrameSample) => void>();
  readonly #eventListeners = new Set<(event: PlayerEvent) => void>();
  #position = 0;
  #at = 0;
  #running = false;
  #paused = true;
  #seeking = false;
  #readyState = 4;
  #rate = 1;
  #effective = 1;
  #stretching = false;
  #muted = false;
  #seekToken = 0;
  #startToken = 0;
  #loadedFrom = 0;
  #loadedTo: number;
  /** When the last fetch began to deliver, and from where on. */
  #filling = { at: -Infinity, from: 0 };
  #frames = 0;
  #hidden = false;
  #allowed = false;
  #error: string | null = null;

  constructor(
    time: VirtualTime,
    chance: () => number,
    habits: Partial<PlayerHabits> = {},
    toLocal: (virtual: number) => number = (t) => t,
  ) {
    this.#time = time;
    this.#chance = chance;
    this.#toLocal = toLocal;
    this.habits = { ...CHROMIUM, ...habits };
    this.hasFrames = this.habits.hasFrames;
    this.#loadedTo = this.habits.loadAheadS;
    if (this.hasFrames) this.#frameLoop(this.#chance() * 16);
  }

  /** True media position now, seconds: what an outside observer would see. */
  get truePosition(): number {
    this.#advance();
    return this.#position;
  }

  /** True when the clock runs. */
  get running(): boolean {
    return this.#running;
  }

  read(): PlayerReading {
    this.#advance();
    const step = this.habits.clockStepMs / 1000;
    const position = step > 0 ? Math.floor(this.#position / step) * step : this.#position;
    return {
      position,
      paused: this.#paused,
      ended: this.#position >= this.habits.duration && !this.#seeking,
      seeking: this.#seeking,
      readyState: this.#readyState,
      duration: this.habits.duration,
      bufferedAhead: Math.max(0, this.#filledTo() - this.#position),
      rate: this.#rate,
      muted: this.#muted,
      error: this.#error,
    };
  }

  play(): Promise<void> {
    this.#note('play', this.#position);
    const { autoplay, startMs, startSpreadMs } = this.habits;
    const refused = autoplay === 'blocked' || (autoplay === 'muted' && !this.#muted);
    if (refused && !this.#allowed) {
      const reason = new Error('play() failed because the user did not interact first');
      reason.name = 'NotAllowedError';
      return Promise.reject(reason);
    }
    this.#paused = false;
    this.#start(startMs + this.#spread(startSpreadMs));
    return Promise.resolve();
  }

  pause(): void {
    if (this.#paused) return;
    this.#note('pause', this.#position);
    this.#advance();
    this.#paused = true;
    this.#halt();
    this.#emit('paused');
  }

  seek(position: number): void {
    this.#note('seek', position);
    this.#advance();
    this.#halt();
    this.#position = Math.min(Math.max(0, position), this.habits.duration);
    this.#seeking = true;
    this.#readyState = 1;
    this.#seekToken += 1;
    const token = this.#seekToken;
    const cost = this.habits.seekMs + this.#spread(this.habits.seekSpreadMs);
    const fetch = this.isBuffered(position)
      ? 0
      : this.habits.fetchMs * (0.7 + 0.6 * this.#chance());
    this.#time.after(cost + fetch, () => {
      if (token !== this.#seekToken) return;
      this.#seeking = false;
      this.#readyState = 4;
      if (fetch > 0) {
        this.#loadedFrom = this.#position;
        this.#loadedTo = this.#position + this.habits.loadAheadS;
        this.#filling = { at: this.#time.now, from: this.#position + FIRST_S };
      }
      this.#emit('seeked');
      if (!this.#paused) this.#start(this.habits.startMs);
    });
  }

  setRate(rate: number, preservePitch: boolean): void {
    this.#note('rate', rate);
    this.#rate = rate;
    this.#time.after(this.#running ? this.habits.actuationMs : 0, () => {
      this.#advance();
      const stretching = preservePitch && rate !== 1;
      if (this.#running && stretching !== this.#stretching) {
        const step = stretching ? this.habits.stretchInMs : this.habits.stretchOutMs;
        this.#position = Math.max(0, this.#position + step / 1000);
      }
      this.#stretching = stretching;
      this.#effective = rate;
    });
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
  }

  isBuffered(position: number): boolean {
    return position >= this.#loadedFrom && position + 0.25 < this.#filledTo();
  }

  onFrame(listener: (frame: FrameSample) => void): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  onEvent(listener: (event: PlayerEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  // --- what the test does to it ----------------------------------------------

  /** Playback runs dry for `ms`. */
  stall(ms: number): void {
    this.#advance();
    this.#halt();
    this.#readyState = 2;
    this.#emit('waiting');
    const token = this.#seekToken;
    this.#time.after(ms, () => {
      if (token !== this.#seekToken) return;
      this.#readyState = 4;
      this.#emit('playing');
      if (!this.#paused) this.#start(20);
    });
  }

  /** Frames stop while the page is hidden, as in browsers. */
  setHidden(hidden: boolean): void {
    this.#hidden = hidden;
  }

  /** The user clicked: sound and playback are allowed from now on. */
  allowPlay(): void {
    this.#allowed = true;
  }

  /** Moves the clock by itself, as a dropped audio buffer does. */
  slip(ms: number): void {
    this.#advance();
    this.#position += ms / 1000;
  }

  fail(sentence: string): void {
    this.#error = sentence;
    this.#halt();
    this.#emit('error');
  }

  #filledTo(): number {
    const { at, from } = this.#filling;
    const seconds = (this.#time.now - at) / 1000;
    return Math.min(this.#loadedTo, from + seconds * this.habits.fillRate);
  }

  #start(afterMs: number): void {
    this.#startToken += 1;
    const token = this.#startToken;
    this.#time.after(Math.max(0, afterMs), () => {
      if (token !== this.#startToken || this.#paused || this.#seeking || this.#readyState < 3)
        return;
      this.#advance();
      this.#at = this.#time.now;
      this.#running = true;
      this.#emit('playing');
    });
  }

  #halt(): void {
    this.#startToken += 1;
    this.#running = false;
  }

  #advance(): void {
    const now = this.#time.now;
    if (this.#running) {
      const speed = this.#effective * (1 + this.habits.speedError);
      this.#position += ((now - this.#at) / 1000) * speed;
      this.#loadedTo = Math.max(this.#loadedTo, this.#position + this.habits.loadAheadS);
      if (this.#position >= this.habits.duration) {
        this.#position = this.habits.duration;
        this.#paused = true;
        this.#halt();
        this.#time.after(0, () => {
          this.#emit('ended');
        });
      }
    }
    this.#at = now;
  }

  #frameLoop(phase: number): void {
    // Every refresh of a 30 Hz compositor: the newest frame due, expected on screen soon.
    this.#time.after(phase, () => {
      this.#frameLoop(1000 / 30);
      if (!this.#running || this.#hidden) return;
      this.#advance();
      const aheadMs = 16.7;
      const shown = this.#position + (aheadMs / 1000) * this.#effective;
      this.#frames += 1;
      const frame: FrameSample = {
        mediaTime: Math.round(shown * this.habits.fps) / this.habits.fps,
        displayAt: this.#toLocal(this.#time.now + aheadMs),
        presentedAt: this.#toLocal(this.#time.now),
        presentedFrames: this.#frames,
      };
      for (const listener of this.#frameListeners) listener(frame);
    });
  }

  #spread(spread: number): number {
    return (this.#chance() * 2 - 1) * spread;
  }

  #note(what: string, value: number): void {
    this.calls.push({ at: this.#time.now, what, value });
  }

  #emit(event: PlayerEvent): void {
    for (const listener of this.#eventListeners) listener(event);
  }
}
