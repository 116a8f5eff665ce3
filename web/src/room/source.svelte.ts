// Where the one <video> gets its film from: the file itself, or, where the browser can't play that,
// the server's conversion through hls.js; a link to a stream, through hls.js or Shaka Player. Whatever it
// is, the element's times are the film's own, so the sync engine needs not know.
//
// Those players are fetched with the first film that needs them. Not here: when to play, and words on the stage.
import { lookAt, mayPlayAnyway } from '../net/links';
import { mediaAddress } from '../net/media-address';
import { sentence } from '../net/request';
import { setting } from '../net/storage';
import { type Way, wayOf } from '../net/way';
import { abilities } from './abilities';
import type { Attached } from './hls-player';
import type { RoomMedia } from './model';
import { type StreamForm, streamByAddress, streamByType } from './stream-form';

/** Where to load a film into, and from when on. */
export interface Target {
  video: HTMLVideoElement;
  viewer: string;
  /** Position to begin at, s. */
  position: () => number;
}

function storedMost(): number | null {
  const stored = Number(setting.get('lines'));
  return Number.isInteger(stored) && stored > 0 ? stored : null;
}

export class Source {
  /** What the server says of the film; null while nobody had to ask. */
  way = $state.raw<Way | null>(null);
  /** It comes in segments. */
  converted = $state(false);
  /** The picture's lines right now: null while unknown, `own` as in the file. */
  lines = $state<number | 'own' | null>(null);
  /** No more lines than this, by the viewer's wish. */
  most = $state<number | null>(storedMost());
  /** The sound track that the viewer chose; null for the film's own choice. */
  sound = $state<number | null>(null);
  /** Why nothing comes any more, for people. */
  problem = $state<string | null>(null);

  #attached: Attached | null = null;
  /** Rises with each film; what was begun for an earlier one is then dropped. */
  #turn = 0;
  #media: RoomMedia | null = null;
  #target: Target | null = null;
  /** What a link turned out to be, so that it is not asked for again. */
  #looked: { url: string; form: StreamForm | null } | null = null;

  /** Loads a film, or nothing. */
  load(target: Target, media: RoomMedia | null): void {
    if (media?.item !== this.#media?.item) this.sound = null;
    this.#media = media;
    this.#target = target;
    this.#reload();
  }

  /** The file itself did not play: goes another way where there is one. */
  async refused(): Promise<boolean> {
    if (this.#media?.kind === 'url') return this.#lookAgain(this.#media.url);
    const { way, turn } = await this.#ask(true);
    if (turn !== this.#turn || this.converted || !way?.hls || way.way === 'direct') return false;
    this.way = way;
    await this.#convert(way.hls);
    return true;
  }

  /** What there is to choose from, also of a film that plays as it is. */
  async look(): Promise<void> {
    if (this.way || !this.#media || !ours(this.#media)) return;
    const { way, turn } = await this.#ask(false);
    if (turn === this.#turn) this.way ??= way;
  }

  setMost(lines: number | null): void {
    this.most = lines;
    setting.set('lines', lines === null ? null : String(lines));
    if (this.#attached) this.#attached.setMost(lines);
    else this.#reload();
  }

  setSound(track: number): void {
    this.sound = track;
    if (this.#attached) this.#attached.setSound(track);
    else this.#reload();
  }

  /** Lets go of what is loaded. */
  stop(): void {
    this.#turn += 1;
    this.#attached?.stop();
    this.#attached = null;
    this.way = null;
    this.converted = false;
    this.lines = null;
    this.problem = null;
  }

  #reload(): void {
    this.stop();
    const [media, video] = [this.#media, this.#target?.video];
    if (!video) return;
    // At once: nothing of the film before may be taken for this one's.
    video.removeAttribute('src');
    video.load();
    if (media && !media.problem) void this.#begin(media, video);
  }

  async #begin(media: RoomMedia, video: HTMLVideoElement): Promise<void> {
    const begun = this.#turn;
    const words = await abilities();
    if (begun !== this.#turn) return;
    // Whatever the browser knows all words of plays as it is; nobody has to be asked.
    const strange = (media.needs ?? []).some((word) => !words.includes(word));
    if (ours(media) && (strange || this.most !== null || this.sound !== null)) {
      const { way, turn } = await this.#ask(false);
      if (turn !== this.#turn) return;
      this.way = way;
      if (way?.hls && (way.way !== 'direct' || this.#wishes(way))) {
        await this.#convert(way.hls);
        return;
      }
    }
    const form = media.kind === 'url' ? this.#formOf(media.url) : null;
    if (form) {
      await this.#attach(form, media.url);
      return;
    }
    video.src = mediaAddress(media, this.#target?.viewer ?? '');
    video.load();
  }

  #formOf(url: string): StreamForm | null {
    return this.#looked?.url === url ? this.#looked.form : streamByAddress(url);
  }

  /** A link that did not play as a file: the server may know that it is a stream, or why it can't. */
  async #lookAgain(url: string): Promise<boolean> {
    if (this.#attached || this.#looked?.url === url) return false;
    const turn = this.#turn;
    this.#looked = { url, form: null };
    try {
      const { type } = await lookAt(url);
      this.#looked.form = streamByType(type);
    } catch (error) {
      if (turn === this.#turn && !mayPlayAnyway(error)) this.problem = sentence(error);
      return false;
    }
    if (turn !== this.#turn || !this.#looked.form) return false;
    this.#reload();
    return true;
  }

  /** Whether the viewer wants something of this film that the file itself does not give. */
  #wishes(way: Way): boolean {
    const smaller = this.most !== null && (way.heights[0] ?? 0) > this.most;
    const other = this.sound !== null && way.sound[this.sound]?.default === false;
    return smaller || other;
  }

  async #ask(refused: boolean): Promise<{ way: Way | null; turn: number }> {
    const [turn, media] = [this.#turn, this.#media];
    if (!media || !ours(media)) return { way: null, turn };
    const address = mediaAddress(media, this.#target?.viewer ?? '');
    const way = await abilities()
      .then((words) => wayOf(address, words, refused))
      .catch(() => null);
    return { way, turn };
  }

  async #convert(playlist: string): Promise<void> {
    this.converted = true;
    await this.#attach('hls', playlist);
  }

  async #attach(form: StreamForm, playlist: string): Promise<void> {
    const [turn, target] = [this.#turn, this.#target];
    if (!target) return;
    try {
      const { attach } =
        form === 'dash' ? await import('./dash-player') : await import('./hls-player');
      if (turn !== this.#turn) return;
      const { most, sound } = this;
      const foreign = !this.converted;
      this.#attached = attach(
        { ...target, playlist, most, sound: foreign ? null : sound, foreign },
        {
          lines: (lines) => (this.lines = lines),
          failed: (why) => {
            if (turn === this.#turn) this.problem = why;
          },
        },
      );
    } catch (error) {
      if (turn === this.#turn) this.problem = sentence(error);
    }
  }
}

/** Delivered by the server, which may convert it. */
function ours(media: RoomMedia): boolean {
  return media.kind === 'library' || media.kind === 'upload';
}
