// One line for each film that is brought: what this page sends and what the server tells of it are
// two views of one thing.
import type { UploadStatus } from '../net/uploads';
import type { Bring } from './bring';
import { type Sample, sampled, speedOf } from './transfer';

/**
 * queued: after those before it; sending; waiting: the server can't be reached; paused; checking:
 * all there, being looked into; here: all there; failed; gone: removed.
 */
export type CarriedStage =
  'queued' | 'sending' | 'waiting' | 'paused' | 'checking' | 'here' | 'failed' | 'gone';

/** A file that this page carries to the room. */
export class Carried {
  stage = $state<CarriedStage>('queued');
  sent = $state(0);
  /** Bytes a second. */
  speed = $state<number | null>(null);
  problem = $state<string | null>(null);
  location = $state<string | null>(null);
  /** The medium it becomes. */
  id = $state<string | null>(null);
  /** Put on or into the queue, or tried to. */
  placed = false;
  /** The server has nothing of it that could go on. */
  forgotten = $state(false);
  bring: Bring | null = null;
  readonly key: string;
  readonly size: number;
  #samples: Sample[] = [];

  static #count = 0;

  constructor(
    readonly file: File,
    begun: UploadStatus | undefined,
  ) {
    this.key = `carried-${Carried.#count++}`;
    this.size = file.size;
    this.sent = begun?.offset ?? 0;
    this.id = begun?.id ?? null;
    this.location = begun?.location ?? null;
  }

  get going(): boolean {
    return !['failed', 'gone', 'here'].includes(this.stage);
  }

  halt(stage: CarriedStage): void {
    this.stage = stage;
    this.#samples = [];
    this.speed = null;
  }

  moved(sent: number, now: number): void {
    if (this.stage === 'waiting') this.halt('sending');
    this.sent = sent;
    this.#samples = sampled(this.#samples, { at: now, sent });
    this.speed = speedOf(this.#samples, now);
  }
}

export type RowStage = Exclude<CarriedStage, 'gone'> | 'arriving' | 'interrupted';

export interface UploadRow {
  key: string;
  name: string;
  title: string;
  size: number;
  sent: number;
  speed: number | null;
  /** `arriving`: from somebody else's browser; `interrupted`: one's own, whose file must be chosen again. */
  stage: RowStage;
  /** Can be watched, whether all is there or not. */
  watchable: boolean;
  problem: string | null;
  id: string | null;
  location: string | null;
  mayKeep: boolean;
  by: number | null;
  carried: Carried | null;
}

/** The same name and length: as much as a browser tells of a file before it is read. */
export function sameFile(
  a: { name: string; size: number },
  b: { name: string; size: number },
): boolean {
  return a.size === b.size && a.name.normalize() === b.name.normalize();
}

function stageOf(status: UploadStatus, carried: Carried | null): RowStage {
  if (status.state === 'broken') return 'failed';
  if (carried && carried.stage !== 'gone' && carried.stage !== 'here') return carried.stage;
  if (status.offset < status.size)
    return status.location === undefined ? 'arriving' : 'interrupted';
  return status.state === 'watchable' ? 'here' : 'checking';
}

/** What the server has, oldest first, then what has not begun yet. */
export function rowsOf(list: readonly UploadStatus[], carried: readonly Carried[]): UploadRow[] {
  const known = list.map((status): UploadRow => {
    const own = carried.find(({ id }) => id === status.id) ?? null;
    return {
      key: status.id,
      name: status.name,
      title: status.title,
      size: status.size,
      sent: own?.going ? Math.max(own.sent, status.offset) : status.offset,
      speed: own?.speed ?? null,
      stage: stageOf(status, own),
      watchable: status.state === 'watchable',
      problem: status.problem ?? own?.problem ?? null,
      id: status.id,
      location: status.location ?? null,
      mayKeep: status.may_keep ?? false,
      by: status.by,
      carried: own,
    };
  });
  const begun = (id: string | null): boolean => list.some((status) => status.id === id);
  const rest = carried
    .filter((own) => !begun(own.id))
    .filter((own) => own.stage !== 'gone' && own.stage !== 'here')
    .map((own): UploadRow => ({
      key: own.key,
      name: own.file.name,
      title: own.file.name,
      size: own.size,
      sent: own.sent,
      speed: own.speed,
      stage: own.stage as RowStage,
      watchable: false,
      problem: own.problem,
      id: own.id,
      location: own.location,
      mayKeep: false,
      by: null,
      carried: own,
    }));
  return [...known, ...rest];
}
