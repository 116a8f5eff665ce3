// One player for the engine, whichever of several shows the film: the page's <video>, or a provider's in a frame.
//
// It also gives a live broadcast a place on the room's timeline. Nobody can be sent to a position in one, and its own
// clock means nothing to others; so a seek only names the present moment by the room's time, and from then on the
// engine sees it run along. Everybody is as live as their line lets them be.
import type { FrameSample, Player, PlayerEvent, PlayerReading } from './player';

export class SwitchPlayer implements Player {
  #player: Player;
  #live = false;
  /** Of a live broadcast: the room's time less its own. */
  #shift = 0;
  readonly #events = new Set<(event: PlayerEvent) => void>();
  readonly #frames = new Set<(frame: FrameSample) => void>();
  #off: (() => void)[] = [];

  constructor(player: Player) {
    this.#player = player;
    this.#listen();
  }

  /** From now on this one shows the film; nothing of the one before counts any more. */
  use(player: Player, live = false): void {
    this.#live = live;
    if (player === this.#player) return;
    for (const off of this.#off) off();
    this.#player.pause();
    this.#player = player;
    this.#shift = 0;
    this.#listen();
    this.#tell('emptied');
  }

  /** What is on is going on right now. */
  get live(): boolean {
    return this.#live || this.#player.read().duration === Infinity;
  }

  get hasFrames(): boolean {
    return this.#player.hasFrames && !this.live;
  }

  read(): PlayerReading {
    const reading = this.#player.read();
    const live = this.#live || reading.duration === Infinity;
    if (!live) return reading;
    return { ...reading, position: reading.position + this.#shift, duration: Infinity };
  }

  play(): Promise<void> {
    return this.#player.play();
  }

  pause(): void {
    this.#player.pause();
  }

  seek(position: number): void {
    if (!this.live) {
      this.#player.seek(position);
      return;
    }
    this.#shift = position - this.#player.read().position;
    queueMicrotask(() => this.#tell('seeked'));
  }

  setRate(rate: number, preservePitch: boolean): void {
    // What comes no faster can't be played faster.
    if (this.live) this.#player.setRate(1, true);
    else this.#player.setRate(rate, preservePitch);
  }

  setMuted(muted: boolean): void {
    this.#player.setMuted(muted);
  }

  isBuffered(position: number): boolean {
    return this.live || this.#player.isBuffered(position);
  }

  onFrame(listener: (frame: FrameSample) => void): () => void {
    this.#frames.add(listener);
    return () => this.#frames.delete(listener);
  }

  onEvent(listener: (event: PlayerEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  #listen(): void {
    this.#off = [
      this.#player.onEvent((event) => {
        if (event === 'emptied') this.#shift = 0;
        this.#tell(event);
      }),
      this.#player.onFrame((frame) => {
        if (!this.live) for (const listener of this.#frames) listener(frame);
      }),
    ];
  }

  #tell(event: PlayerEvent): void {
    for (const listener of this.#events) listener(event);
  }
}
