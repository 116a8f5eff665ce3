// Why nothing comes although the room goes on: a file that is still being copied on the server, an upload whose rest
// has not arrived, a link that leads to something else than it seemed. Found out by asking the server, and told.
import { mediaAddress } from '../net/media-address';
import { mediaWait } from '../net/media-wait';
import type { RoomMedia } from './model';
import type { Source } from './source.svelte';
import type { Arriving } from './uploads.svelte';

/** While an upload starves its viewers: how often to ask how far it has come. */
const ARRIVAL_MS = 2000;

export class Stoppage {
  /** The file is still being written on the server: tried again by itself. */
  copying = $state(false);
  /** Nothing to show because the rest of an upload has not come yet. */
  arriving = $state.raw<Arriving | null>(null);
  #askedAt = -Infinity;

  /** `arrival`: how far an upload has come; null where all of it is there. */
  constructor(private readonly arrival: (key: string) => Promise<Arriving | null>) {}

  /** Another film. */
  reset(): void {
    this.copying = false;
    this.arriving = null;
  }

  /**
   * A player only says that it can't play; the server may know that it is a matter of seconds. `still`: whether the
   * film is still on. Answers when to load it anew, ms, or `other` where it comes another way by now.
   */
  async lookInto(
    media: RoomMedia,
    viewer: string,
    source: Source,
    still: () => boolean,
  ): Promise<number | 'other' | null> {
    if (await source.refused()) return 'other';
    if (!still() || media.kind === 'url' || media.kind === 'embed') return null;
    const wait = await mediaWait(mediaAddress(media, viewer));
    if (!still()) return null;
    this.copying = wait !== null;
    const arriving = wait || media.kind !== 'upload' ? null : await this.arrival(media.key);
    if (!still()) return null;
    this.arriving = arriving;
    return wait?.ms ?? (arriving ? ARRIVAL_MS : null);
  }

  /** A player that waits for an upload waits for a person: who, and how far they are. */
  lookArrival(media: RoomMedia | null, waits: () => boolean, still: () => boolean): void {
    if (!waits() || media?.kind !== 'upload') {
      this.arriving = null;
      return;
    }
    const now = performance.now();
    if (now - this.#askedAt < ARRIVAL_MS) return;
    this.#askedAt = now;
    void this.arrival(media.key).then((arriving) => {
      if (still() && waits()) this.arriving = arriving;
    });
  }
}
