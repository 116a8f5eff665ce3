// A provider's player on the stage: its frame, and what people are told about it. Everything is fetched from the
// provider only when such a film is on, and the adapter (`web/src/embeds`) with the first of them.
//
// Where the player takes orders it becomes the engine's; else people work it by hand, and the page says so.
import type { FramePlayer } from '../embeds/frame-player';
import type { EmbedInfo, RoomMedia } from './model';

/** What such a page may do in its frame: nothing to ours. */
const SANDBOX =
  'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-presentation';
const ABILITIES = 'autoplay; fullscreen; picture-in-picture; encrypted-media';

export interface EmbedStart {
  position: number;
  muted: boolean;
  volume: number;
}

export class Embed {
  /** Of what is on; null for a film that this page plays itself. */
  info = $state.raw<EmbedInfo | null>(null);
  /** It shows something that people must reach: an advertisement, a question, its own play button. */
  hands = $state(false);
  /** Nobody steers it: it takes no orders. */
  loose = $state(false);
  #frame: HTMLIFrameElement | null = null;
  #player: FramePlayer | null = null;

  get player(): FramePlayer | null {
    return this.#player;
  }

  /** Shows a film of a provider's in `host`; `steer` is called with its player once that may be steered. */
  load(
    host: HTMLElement,
    media: RoomMedia,
    start: () => EmbedStart,
    steer: (player: FramePlayer) => void,
  ): void {
    this.stop();
    const info = media.embed ?? null;
    if (!info || !media.url) return;
    const frame = document.createElement('iframe');
    frame.allow = ABILITIES;
    frame.allowFullscreen = true;
    frame.setAttribute('sandbox', SANDBOX);
    // Providers want to know which page shows their film; ours says nothing more than its host.
    frame.referrerPolicy = 'strict-origin-when-cross-origin';
    frame.title = `${info.name}: ${media.title}`;
    host.append(frame);
    this.#frame = frame;
    this.info = info;
    this.loose = !info.steered;
    if (this.loose) frame.src = media.url;
    else void this.#steered(frame, info, media.url, start, steer);
  }

  async #steered(
    frame: HTMLIFrameElement,
    info: EmbedInfo,
    address: string,
    start: () => EmbedStart,
    steer: (player: FramePlayer) => void,
  ): Promise<void> {
    const { FramePlayer, dialectOf } = await import('../embeds');
    if (frame !== this.#frame) return;
    const dialect = dialectOf(info.provider);
    if (!dialect) {
      // A server that is newer than this page.
      this.loose = true;
      frame.src = address;
      return;
    }
    const player = new FramePlayer(frame, address, dialect, { ...start(), page: location });
    player.onhands = (hands) => (this.hands = hands);
    this.#player = player;
    steer(player);
  }

  stop(): void {
    this.#player?.destroy();
    this.#player = null;
    this.#frame?.remove();
    this.#frame = null;
    this.info = null;
    this.loose = false;
    this.hands = false;
  }
}
