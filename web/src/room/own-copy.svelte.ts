// A viewer's own copy of what the room watches: a file on their device, played from there, so that no byte of video
// comes over the network. Which file that is, whether it is the same as the room's, and by how much another cut of it
// is shifted. The player asks `source()` what to load; commands go through `links`.
//
// That somebody plays own copies is remembered for the tab's session, as is each film's shift; the file itself
// where the browser can (`net/file-handles.ts`).
import { type FileHandle, fileHandles, pickFilm } from '../net/file-handles';
import { ownCopies } from '../net/storage';
import { fingerprintOf, type Match, matchOf } from './fingerprint';
import type { ItemId, MediaRef, RoomMedia } from './model';

/** A file that can't tell its length within this is taken without, ms. */
const LENGTH_MS = 10_000;

export interface OwnCopyLinks {
  code: string;
  /** Another source is to be loaded, or the same with another shift. */
  changed: () => void;
  /** Which bytes the server's file of this medium is; null where it can't tell. */
  ofServer: (media: RoomMedia) => Promise<string | null>;
  /** Tells the room which bytes this copy is: nobody else knows. */
  tell: (item: ItemId, fingerprint: string) => void;
}

interface Opened {
  name: string;
  /** `blob:` address. */
  url: string;
  fingerprint: string;
  duration: number | null;
}

export class OwnCopy {
  /** This viewer plays copies of their own where they have a choice. */
  chosen = $state(false);
  /** What is open of the film that is on. */
  opened = $state.raw<Opened | null>(null);
  /** How it compares with the room's film; null while nobody knows. */
  match = $state.raw<Match | null>(null);
  /** Seconds that this copy has everything later than the room's film. */
  cut = $state(0);
  /** Was open before; the browser wants a click to open it again. */
  remembered = $state.raw<FileHandle | null>(null);

  #links: OwnCopyLinks;
  #media = $state.raw<RoomMedia | null>(null);
  /** Rises with each film and each file; what was begun for an earlier one is dropped. */
  #turn = 0;
  /** Files opened in this visit, by fingerprint: a room's own-copy film names it. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- looked up when a film comes on, never shown
  #files = new Map<string, { file: File; handle: FileHandle | null }>();

  constructor(links: OwnCopyLinks) {
    this.#links = links;
    this.chosen = ownCopies.get(links.code).chosen;
  }

  /** What is on is, or should be, played from a file of this viewer's. */
  get active(): boolean {
    return this.#media !== null && (this.chosen || needsOwn(this.#media));
  }

  /** Nothing comes over the network, whatever this viewer would like. */
  get only(): boolean {
    return this.#media !== null && needsOwn(this.#media);
  }

  /** What the room says is on, whenever it says so. */
  film(media: RoomMedia | null): void {
    const before = this.#media;
    this.#media = media;
    if (media?.item !== before?.item) {
      this.#drop();
      this.cut = media ? (ownCopies.get(this.#links.code).cuts[media.key] ?? 0) : 0;
      if (media && this.active) void this.#recall(media);
    } else if (media?.fingerprint !== before?.fingerprint || media?.duration !== before?.duration)
      void this.#compare();
  }

  /** What the player loads for `media`: the copy, nothing while none is open, or what the room has. */
  source(media: RoomMedia | null): RoomMedia | null {
    if (!media || media.item !== this.#media?.item || !this.active) return media;
    const { opened } = this;
    return opened && { ...media, kind: 'local', url: opened.url, needs: [], problem: null };
  }

  /** Lets the viewer choose a file for what is on. Call from a click. */
  async pick(): Promise<void> {
    const picked = await pickFilm();
    if (picked) await this.open(picked.file, picked.handle);
  }

  /** Opens what was open before. Call from a click. */
  async reopen(): Promise<void> {
    const handle = this.remembered;
    const allowed = await handle?.requestPermission?.({ mode: 'read' });
    if (handle && allowed === 'granted') await this.#openHandle(handle);
  }

  /** Plays this file from now on instead of what comes over the network. */
  async open(file: File, handle: FileHandle | null = null): Promise<void> {
    const media = this.#media;
    if (!media) return;
    this.#choose(true);
    this.#drop();
    const turn = this.#turn;
    const [fingerprint, duration] = await Promise.all([fingerprintOf(file), lengthOf(file)]);
    if (turn !== this.#turn) return;
    this.opened = { name: file.name, url: URL.createObjectURL(file), fingerprint, duration };
    if (handle) void fileHandles.keep(this.#place(media), handle);
    this.#links.changed();
    await this.#compare();
  }

  /** Takes what comes over the network again. */
  stream(): void {
    this.#choose(false);
    this.#drop();
    this.#links.changed();
  }

  setCut(seconds: number): void {
    const media = this.#media;
    if (!media || !Number.isFinite(seconds)) return;
    this.cut = seconds;
    const kept = ownCopies.get(this.#links.code);
    ownCopies.set(this.#links.code, { ...kept, cuts: { ...kept.cuts, [media.key]: seconds } });
    this.#links.changed();
  }

  /** A film for the room that everybody opens their own copy of, this viewer this one. */
  async offer(file: File, handle: FileHandle | null): Promise<{ media: MediaRef; title: string }> {
    const [fingerprint, duration] = await Promise.all([fingerprintOf(file), lengthOf(file)]);
    this.#files.set(fingerprint, { file, handle });
    const title = titleOf(file.name);
    return { media: { kind: 'local', title, duration, fingerprint }, title };
  }

  dispose(): void {
    this.#drop();
    this.#media = null;
  }

  #choose(chosen: boolean): void {
    if (this.only) return;
    this.chosen = chosen;
    ownCopies.set(this.#links.code, { ...ownCopies.get(this.#links.code), chosen });
  }

  #place(media: RoomMedia): string {
    return `${this.#links.code} ${media.key}`;
  }

  #drop(): void {
    this.#turn += 1;
    if (this.opened) URL.revokeObjectURL(this.opened.url);
    this.opened = null;
    this.match = null;
    this.remembered = null;
  }

  async #recall(media: RoomMedia): Promise<void> {
    const turn = this.#turn;
    const here = this.#files.get(media.key);
    if (here) return this.open(here.file, here.handle);
    const handle = await fileHandles.get(this.#place(media));
    if (!handle || turn !== this.#turn) return;
    const allowed = await handle.queryPermission?.({ mode: 'read' });
    if (turn !== this.#turn) return;
    if (allowed === 'granted') await this.#openHandle(handle);
    else this.remembered = handle;
  }

  async #openHandle(handle: FileHandle): Promise<void> {
    // Moved or deleted since: it is asked for like any other.
    const file = await handle.getFile().catch(() => null);
    if (file) await this.open(file, handle);
    else this.remembered = null;
  }

  async #compare(): Promise<void> {
    const { opened } = this;
    const [turn, media] = [this.#turn, this.#media];
    if (!opened || !media) return;
    const ours = media.kind === 'library' || media.kind === 'upload';
    const told = media.fingerprint ?? null;
    const fingerprint = ours ? await this.#links.ofServer(media) : told;
    if (turn !== this.#turn) return;
    this.match = matchOf(opened, { fingerprint, duration: media.duration });
    if (!ours && told === null) this.#links.tell(media.item, opened.fingerprint);
  }
}

/** Nobody delivers it: whoever wants to watch needs a copy. */
export function needsOwn(media: { kind: string; url?: string | null }): boolean {
  return !media.url && (media.kind === 'local' || media.kind === 'jellyfin');
}

/** `The.Film.2020.mkv` as people say it. */
export function titleOf(name: string): string {
  const bare = name.replace(/\.[a-z0-9]{2,5}$/i, '');
  return (bare.includes(' ') ? bare : bare.replace(/[._]+/g, ' ')).trim() || name;
}

/** Seconds; null for what this browser can't open. */
function lengthOf(file: File): Promise<number | null> {
  const player = document.createElement('video');
  const url = URL.createObjectURL(file);
  return new Promise<number | null>((resolve) => {
    setTimeout(() => resolve(null), LENGTH_MS);
    player.preload = 'metadata';
    player.onloadedmetadata = () =>
      resolve(Number.isFinite(player.duration) ? player.duration : null);
    player.onerror = () => resolve(null);
    player.src = url;
  }).finally(() => {
    player.removeAttribute('src');
    player.load();
    URL.revokeObjectURL(url);
  });
}
