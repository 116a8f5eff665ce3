// Queues that somebody saved under a name, in this browser.
import { setting } from '../net/storage';
import { MAX_ENTRIES, type Playlist, type PlaylistEntry } from './playlist';

const KEY = 'playlists';
const MAX_LISTS = 50;
const KINDS: readonly string[] = ['library', 'upload', 'url', 'title'];

function isEntry(value: unknown): value is PlaylistEntry {
  const entry = value as Partial<PlaylistEntry> | null;
  return (
    typeof entry?.key === 'string' &&
    typeof entry.title === 'string' &&
    KINDS.includes(entry.kind ?? '')
  );
}

/** The saved ones, the last saved first. */
export function savedPlaylists(): Playlist[] {
  try {
    const value: unknown = JSON.parse(setting.get(KEY) ?? '[]');
    if (!Array.isArray(value)) return [];
    return (value as Partial<Playlist>[])
      .filter((list) => typeof list.name === 'string' && Array.isArray(list.entries))
      .map(({ name, entries }) => ({ name: name ?? '', entries: (entries ?? []).filter(isEntry) }));
  } catch {
    return [];
  }
}

function write(lists: Playlist[]): Playlist[] {
  const kept = lists.slice(0, MAX_LISTS);
  setting.set(KEY, kept.length > 0 ? JSON.stringify(kept) : null);
  return kept;
}

/** Under a name that is taken it replaces that one. Uploads belong to their room: elsewhere only their title counts. */
export function savePlaylist(name: string, entries: readonly PlaylistEntry[]): Playlist[] {
  const rest = savedPlaylists().filter((list) => list.name !== name);
  return write([{ name, entries: entries.slice(0, MAX_ENTRIES) }, ...rest]);
}

export function forgetPlaylist(name: string): Playlist[] {
  return write(savedPlaylists().filter((list) => list.name !== name));
}
