// Puts many things into the queue: an imported list, a saved one, a queue that was emptied by mistake.
// One after another, at the pace that the server allows; what it does not know by its id is looked
// for by its title.
import { mediaRef, type PlaylistEntry } from './playlist';
import type { MediaRef } from './model';

/** A film that was here by another id, on another server or before it was moved. */
const UNKNOWN = [
  'media_not_found',
  'media_unreadable',
  'bad_message',
  'bad_address',
  'unknown_embed',
];
const MAX_WAITS = 20;

export interface ImportLinks {
  /** Throws a refusal: something with a `code`, and `retryMs` where waiting helps. */
  add: (media: MediaRef) => Promise<unknown>;
  /** Id of the library's medium of exactly this title. */
  find: (title: string) => Promise<string | null>;
  pause?: (ms: number) => Promise<void>;
}

export interface Imported {
  added: number;
  /** Titles of what was not found. */
  missing: string[];
  /** Why it ended early, in words. */
  stopped: string | null;
}

interface Refusal {
  code?: string;
  message?: string;
  retryMs?: number | null;
}

const wait = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms));

async function patiently(links: ImportLinks, media: MediaRef): Promise<Refusal | null> {
  for (let waits = 0; ; waits++) {
    try {
      await links.add(media);
      return null;
    } catch (error) {
      const refusal = error as Refusal;
      if (refusal.code !== 'too_fast' || waits >= MAX_WAITS) return refusal;
      await (links.pause ?? wait)(refusal.retryMs ?? 500);
    }
  }
}

export async function addAll(
  entries: readonly PlaylistEntry[],
  links: ImportLinks,
): Promise<Imported> {
  const done: Imported = { added: 0, missing: [], stopped: null };
  for (const entry of entries) {
    let media = mediaRef(entry);
    let refusal = media === null ? { code: UNKNOWN[0] } : await patiently(links, media);
    if (refusal && UNKNOWN.includes(refusal.code ?? '') && entry.title) {
      const found = await links.find(entry.title).catch(() => null);
      if (found !== null && found !== media) {
        media = found;
        refusal = await patiently(links, media);
      }
    }
    if (!refusal) done.added += 1;
    else if (UNKNOWN.includes(refusal.code ?? '')) done.missing.push(entry.title || entry.key);
    else {
      done.stopped = (refusal as Refusal).message ?? 'That did not work. Try again.';
      break;
    }
  }
  return done;
}

/** "5 films are in the queue. Not found: A, B." */
export function importText({ added, missing, stopped }: Imported): string {
  const parts = [
    added === 0
      ? 'Nothing was added.'
      : added === 1
        ? 'One is in the queue.'
        : `${added} are in the queue.`,
  ];
  if (missing.length > 0) {
    const shown = missing.slice(0, 3).map((title) => `“${title}”`);
    const more = missing.length - shown.length;
    parts.push(`Not found here: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`);
  }
  if (stopped) parts.push(stopped);
  return parts.join(' ');
}
