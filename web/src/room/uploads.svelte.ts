// The films that members bring: those of this page on their way, and what the server has of
// everybody's. Sends one after another, and puts each on or into the queue as soon as it can be watched.
// That nobody watches past what has arrived is the room's own rule.
//
// After a reload the bytes go on as soon as the same file is chosen again: browsers give no page a
// file twice by itself. After a restart of the server they go on by themselves.
import { sentence } from '../net/request';
import { placedUploads } from '../net/storage';
import { keepUpload, removeUpload, uploadAt, uploadsOf, type UploadStatus } from '../net/uploads';
import { Bring, type BringProblem } from './bring';
import type { MemberId, Snapshot } from './model';
import { Carried, rowsOf, sameFile } from './upload-rows.svelte';

/** How often the server is asked while something arrives or somebody looks, ms. */
const LOOK_MS = 1500;
/** A starving player goes first, but not for ever, ms. */
const GATE_MS = 4000;

/** A film of which some has not come yet. */
export interface Arriving {
  /** Who brings it; null where they are gone. */
  by: MemberId | null;
  /** Bytes. */
  sent: number;
  size: number;
}

export interface UploadLinks {
  room: () => Snapshot | null;
  /** The own player waits for data of a film that others bring. */
  starving: () => boolean;
  /** Puts it on where nothing is on, else into the queue; false when refused. */
  place: (id: string, title: string) => Promise<boolean>;
  /** Takes it out of the queue. */
  unplace: (id: string) => void;
}

export class Uploads {
  /** What the server has, oldest first. */
  list = $state.raw<UploadStatus[]>([]);
  /** Of this page, since it was opened. */
  carried = $state.raw<Carried[]>([]);
  /** Why the server does not tell, in words. */
  trouble = $state<string | null>(null);
  /** Those whose file is on its way from here, or will be. */
  readonly busy = $derived(
    this.carried.some(({ stage }) => stage === 'sending' || stage === 'waiting'),
  );
  readonly rows = $derived.by(() => rowsOf(this.list, this.carried));

  #watchers = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(
    private readonly code: string,
    private readonly links: UploadLinks,
  ) {}

  /** Files chosen or dropped. One that was begun earlier goes on where it was. */
  bring(files: readonly File[]): void {
    for (const file of files) {
      if (this.carried.some((each) => each.going && each.file === file)) continue;
      if (this.carried.some((each) => each.going && sameFile(each.file, file))) continue;
      const begun = this.list.find(
        (one) =>
          one.location !== undefined &&
          one.offset < one.size &&
          one.state !== 'broken' &&
          sameFile(one, file) &&
          !this.carried.some(({ id, going }) => going && id === one.id),
      );
      this.#carry(file, begun);
    }
    this.#next();
  }

  /** The file of an upload that was interrupted; null, or why it is not that one. */
  goOn(id: string, file: File): string | null {
    const begun = this.list.find((one) => one.id === id);
    if (!begun) return 'This upload is not there any more. Bring the file anew.';
    if (!sameFile(begun, file))
      return `That is another file. Choose “${begun.name}” once more, as it was.`;
    this.#carry(file, begun);
    this.#next();
    return null;
  }

  pause(carried: Carried): void {
    if (!carried.going) return;
    carried.halt('paused');
    void carried.bring?.pause();
    this.#next();
  }

  resume(carried: Carried): void {
    if (carried.stage !== 'paused' && carried.stage !== 'failed') return;
    carried.problem = null;
    carried.halt('queued');
    this.#next();
  }

  /** Stops it and removes what has arrived. What throws is for people. */
  async remove(id: string | null, carried: Carried | null, location: string | null): Promise<void> {
    if (carried) {
      carried.halt('gone');
      await carried.bring?.pause();
    }
    const where = location ?? carried?.location ?? null;
    this.carried = this.carried.filter((each) => each !== carried);
    this.#next();
    if (where !== null) {
      try {
        await removeUpload(where);
      } catch (error) {
        // Gone already is what was wanted.
        if ((error as { status?: number }).status !== 404) throw error;
      }
    }
    if (id !== null) {
      this.list = this.list.filter((one) => one.id !== id);
      this.links.unplace(id);
    }
    await this.look();
  }

  keep(location: string): Promise<void> {
    return keepUpload(location);
  }

  /** Somebody looks at the list; returns what ends that. */
  watch(): () => void {
    this.#watchers += 1;
    void this.look();
    return () => void (this.#watchers -= 1);
  }

  /** How much of an upload is there, or null for what is none of this room's. */
  of(id: string): UploadStatus | null {
    return this.list.find((one) => one.id === id) ?? null;
  }

  /** Asks how much of one there is; null where all is, or nothing is known. */
  async arrival(id: string): Promise<Arriving | null> {
    if (!this.list.some((one) => one.id === id && one.offset >= one.size)) await this.look();
    const status = this.of(id);
    return status && status.offset < status.size && status.state !== 'broken'
      ? { by: status.by, sent: status.offset, size: status.size }
      : null;
  }

  async look(): Promise<void> {
    clearTimeout(this.#looking);
    if (this.#over) return;
    try {
      this.list = await uploadsOf(this.code);
      this.trouble = null;
    } catch (error) {
      this.trouble = sentence(error);
    }
    clearTimeout(this.#looking);
    if (this.#over) return;
    for (const carried of this.carried) this.#seen(carried);
    const unsettled = this.carried.some(({ stage }) => stage === 'sending' || stage === 'checking');
    if (unsettled || this.#watchers > 0)
      this.#looking = setTimeout(() => void this.look(), LOOK_MS);
  }

  dispose(): void {
    this.#over = true;
    clearTimeout(this.#looking);
    for (const carried of this.carried) void carried.bring?.pause();
  }

  // ---- inside -----------------------------------------------------------------------

  #carry(file: File, begun: UploadStatus | undefined): void {
    const carried = new Carried(file, begun);
    const mine = (): boolean => carried.going;
    carried.bring = new Bring(
      this.code,
      file,
      {
        begun: (location) => void this.#begun(carried, location),
        progress: (sent) => {
          if (mine()) carried.moved(sent, performance.now());
        },
        waiting: () => {
          if (mine()) carried.halt('waiting');
        },
        sent: () => {
          carried.sent = carried.size;
          carried.halt('checking');
          this.#next();
          void this.look();
        },
        failed: (problem) => this.#failed(carried, problem),
        gate: () => this.#gate(),
      },
      begun?.location ?? null,
    );
    // A failed attempt with the same file is over with the next.
    const rest = this.carried.filter((each) => each.going || !sameFile(each.file, file));
    this.carried = [...rest, carried];
  }

  #next(): void {
    if (this.#over || this.busy) return;
    const next = this.carried.find(({ stage }) => stage === 'queued');
    if (!next) return;
    next.halt('sending');
    next.bring?.start().catch(() => {
      this.#failed(next, {
        code: 'offline',
        message: 'The part of the page that sends files could not be fetched. Try again.',
      });
    });
    void this.look();
  }

  async #begun(carried: Carried, location: string): Promise<void> {
    carried.location = location;
    if (carried.stage === 'waiting') carried.halt('sending');
    const status = await uploadAt(location).catch(() => null);
    carried.id = status?.id ?? carried.id;
  }

  #failed(carried: Carried, problem: BringProblem): void {
    if (!carried.going) return;
    carried.problem = problem.message;
    carried.halt('failed');
    // What the server has thrown away can't go on.
    if (problem.code !== 'offline') carried.forgotten = true;
    this.#next();
    void this.look();
  }

  #seen(carried: Carried): void {
    const status = carried.id === null ? null : this.of(carried.id);
    if (!status) return;
    if (status.state === 'broken' && carried.going) {
      carried.problem = status.problem ?? 'This file cannot be played.';
      carried.forgotten = true;
      carried.halt('failed');
      void carried.bring?.pause();
      return this.#next();
    }
    if (status.state !== 'watchable') return;
    if (carried.stage === 'checking') carried.halt('here');
    if (!carried.placed) void this.#place(carried, status);
  }

  async #place(carried: Carried, status: UploadStatus): Promise<void> {
    carried.placed = true;
    if (placedUploads.get(this.code).includes(status.id)) return;
    if (await this.links.place(status.id, status.title)) placedUploads.add(this.code, status.id);
  }

  async #gate(): Promise<void> {
    const until = performance.now() + GATE_MS;
    while (this.links.starving() && performance.now() < until)
      await new Promise((later) => setTimeout(later, 200));
  }
}
