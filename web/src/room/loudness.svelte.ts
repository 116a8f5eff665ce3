// How loud it is, for this viewer alone: of the page's own <video>, and of a provider's player where one is on.
import type { FramePlayer } from '../embeds/frame-player';
import { setting } from '../net/storage';

export class Loudness {
  volume = $state(Number(setting.get('volume') ?? '1') || 1);
  muted = $state(false);
  #video: HTMLVideoElement | null = null;
  #frame: FramePlayer | null = null;

  /** Binds the page's video; returns the unbinder. */
  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    video.volume = this.volume;
    const changed = (): void => {
      if (this.#frame) return;
      this.muted = video.muted;
      this.volume = video.volume;
    };
    video.addEventListener('volumechange', changed);
    return () => {
      video.removeEventListener('volumechange', changed);
      this.#video = null;
    };
  }

  /** From now on this player sounds; null for the video again. */
  frame(player: FramePlayer | null): void {
    if (!player && this.#frame && this.#video) {
      this.#video.volume = this.volume;
      this.#video.muted = this.muted;
    }
    this.#frame = player;
  }

  /** A provider's player tells late what became of it. */
  look(): void {
    if (this.#frame) this.muted = this.#frame.read().muted;
  }

  setVolume(volume: number): void {
    if (!this.#video) return;
    const level = Math.min(1, Math.max(0, volume));
    if (level > 0) this.setMuted(false);
    if (this.#frame) {
      this.volume = level;
      this.#frame.setVolume(level);
    } else this.#video.volume = level;
    setting.set('volume', String(level));
  }

  setMuted(muted: boolean): void {
    if (!this.#video) return;
    if (this.#frame) {
      this.muted = muted;
      this.#frame.setMuted(muted);
    } else this.#video.muted = muted;
    if (!muted && this.volume === 0) this.setVolume(0.5);
  }
}
