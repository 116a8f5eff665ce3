// The subtitles of one viewer: what there is to choose from, what is chosen, and what is to be read
// right now. All of it stays in this browser; nobody else sees or hears of it.
import { linkedSubtitle } from '../net/links';
import { mediaAddress } from '../net/media-address';
import { ask, sentence } from '../net/request';
import { setting } from '../net/storage';
import { textAddress, type TextTrack } from '../net/way';
import { type Cue, cuesOf, isStyled, linesAt, type Run } from './cues';
import type { RoomMedia } from './model';

/** A file of one's own, or a track of the film. */
export interface Choice {
  id: string;
  label: string;
  language: string | null;
}

/** The largest file read, bytes. */
const MAX_BYTES = 16 * 1024 * 1024;
/** A track inside a large film takes the server minutes to read out; it says so, and is asked again. */
const AGAIN_MS = 2000;
const ATTEMPTS = 300;
const OFF = 'off';

export const SIZES = [0.75, 1, 1.25, 1.5, 2] as const;

const storedSize = (): number => {
  const stored = Number(setting.get('text-size'));
  return SIZES.find((size) => size === stored) ?? 1;
};

export class Subtitles {
  /** Of the film. */
  tracks = $state.raw<readonly TextTrack[]>([]);
  /** Of one's own. */
  own = $state.raw<readonly (Choice & { text: string })[]>([]);
  chosen = $state<string | null>(null);
  size = $state(storedSize());
  /** Seconds that they come later. */
  delay = $state(0);
  loading = $state(false);
  problem = $state<string | null>(null);
  /** What is to be read now. */
  lines = $state.raw<Run[][]>([]);
  /** With looks of its own: drawn by a renderer of its own. */
  styled = $state.raw<string | null>(null);

  #cues: Cue[] = [];
  #media: RoomMedia | null = null;
  #viewer = '';
  #turn = 0;
  #count = 0;

  get choices(): Choice[] {
    return [...this.tracks, ...this.own];
  }

  /** Another film: nothing of the last one's is shown any more. */
  film(media: RoomMedia | null, viewer: string): void {
    this.#viewer = viewer;
    if (media?.item === this.#media?.item) return;
    this.#media = media;
    this.tracks = [];
    this.own = [];
    this.delay = 0;
    this.#clear();
  }

  /** What the server found in and beside the film; the language that was read last is read again. */
  offer(tracks: readonly TextTrack[]): void {
    if (this.tracks.length > 0) return;
    this.tracks = tracks;
    const wanted = setting.get('text');
    const fits = tracks.find(
      ({ language, forced }) => !forced && language !== null && language === wanted,
    );
    if (fits && this.chosen === null) void this.#show(fits.id);
  }

  choose(id: string | null): void {
    const language = this.choices.find((choice) => choice.id === id)?.language ?? null;
    // A file of one's own says nothing of the next film.
    if (id === null) setting.set('text', OFF);
    else if (language) setting.set('text', language);
    void this.#show(id);
  }

  async addFile(file: File): Promise<void> {
    if (file.size > MAX_BYTES) {
      this.problem = 'This file is too large to be a subtitle.';
      return;
    }
    this.#add(file.name, decode(new Uint8Array(await file.arrayBuffer())));
  }

  /** One of another site, which this page may not read by itself: the server fetches it. */
  async addLink(url: string): Promise<boolean> {
    const media = this.#media;
    try {
      const { label, text } = await linkedSubtitle(url);
      return media === this.#media && this.#add(label, text);
    } catch (error) {
      this.problem = sentence(error);
      return false;
    }
  }

  #add(label: string, text: string): boolean {
    if (cuesOf(text).length === 0) {
      this.problem =
        'Nothing to read was found in this file. It must be SubRip, WebVTT or SubStation Alpha.';
      return false;
    }
    this.#count += 1;
    const id = `own-${this.#count}`;
    this.own = [...this.own, { id, label, language: null, text }];
    this.choose(id);
    return true;
  }

  setSize(size: number): void {
    this.size = size;
    setting.set('text-size', size === 1 ? null : String(size));
  }

  /** Called with the film's position, s; cheap while nothing changes. */
  tick(position: number): void {
    const lines = this.#cues.length === 0 ? [] : linesAt(this.#cues, position - this.delay);
    const before = this.lines;
    const same = lines.length === before.length && lines.every((line, n) => line === before[n]);
    if (!same) this.lines = lines;
  }

  #clear(): void {
    this.#turn += 1;
    this.chosen = null;
    this.loading = false;
    this.problem = null;
    this.styled = null;
    this.lines = [];
    this.#cues = [];
  }

  async #show(id: string | null): Promise<void> {
    this.#clear();
    this.chosen = id;
    if (id === null) return;
    const turn = this.#turn;
    this.loading = true;
    try {
      const text = this.own.find((own) => own.id === id)?.text ?? (await this.#fetch(id, turn));
      if (turn !== this.#turn || text === null) return;
      if (isStyled(text)) this.styled = text;
      else this.#cues = cuesOf(text);
    } catch (error) {
      if (turn === this.#turn) this.problem = sentence(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** The renderer of looks failed: the words are shown without them. */
  unstyled(): void {
    this.#cues = cuesOf(this.styled ?? '');
    this.styled = null;
  }

  async #fetch(id: string, turn: number): Promise<string | null> {
    const media = this.#media;
    if (!media) return null;
    const address = textAddress(mediaAddress(media, this.#viewer), id);
    for (let attempt = 1; turn === this.#turn; attempt += 1) {
      try {
        return await (await ask(address)).text();
      } catch (error) {
        const later = (error as { code?: string }).code === 'segment_not_ready';
        if (!later || attempt >= ATTEMPTS) throw error;
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
    return null;
  }
}

/** UTF-8 where it is that, else what Windows wrote in the west. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
