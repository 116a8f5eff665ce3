// Queues as files: M3U8 for players and people, JSON for another room. Pure; what the library has of
// it is found out elsewhere (`queue-import.ts`).
//
// A film of the library has no address of its own that anybody may open, so in M3U8 it is
// `watchalong:library/ID` under its title; other players skip it, and another server finds it by title.
import type { MediaRef, QueuedMedia } from './model';

/** Entries that are read of one file: the queue itself takes no more. */
export const MAX_ENTRIES = 500;
const MAX_TITLE = 300;
const SCHEME = 'watchalong:';

export interface PlaylistEntry {
  /** `title`: nothing is known but what it is called. */
  kind: 'library' | 'upload' | 'url' | 'embed' | 'title';
  /** Id or address; empty for `title`. */
  key: string;
  title: string;
  /** Seconds. */
  duration: number | null;
}

export interface Playlist {
  name: string;
  entries: PlaylistEntry[];
}

/** How the room is asked for a medium that it holds or held. */
export function mediaRef(media: { kind: string; key: string; title: string }): MediaRef | null {
  switch (media.kind) {
    case 'library':
      return media.key;
    case 'upload':
      return { kind: 'upload', key: media.key };
    case 'url':
      return { kind: 'url', url: media.key, ...(media.title ? { title: media.title } : {}) };
    case 'embed':
      return { kind: 'embed', key: media.key, ...(media.title ? { title: media.title } : {}) };
    case 'local':
      return { kind: 'local', title: media.title, duration: null, fingerprint: media.key };
    default:
      return null;
  }
}

export function entryOf(media: QueuedMedia): PlaylistEntry | null {
  const { kind, key, title, duration } = media;
  return kind === 'library' || kind === 'upload' || kind === 'url' || kind === 'embed'
    ? { kind, key, title, duration }
    : null;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

export function writeM3u8({ name, entries }: Playlist): string {
  const lines = ['#EXTM3U', `#PLAYLIST:${oneLine(name)}`];
  for (const { kind, key, title, duration } of entries) {
    if (kind === 'title') continue;
    lines.push(`#EXTINF:${duration === null ? -1 : Math.round(duration)},${oneLine(title)}`);
    lines.push(kind === 'url' ? key : `${SCHEME}${kind}/${key}`);
  }
  return lines.join('\n') + '\n';
}

export function writeJson({ name, entries }: Playlist): string {
  return (
    JSON.stringify({ watchalong: 'playlist', version: 1, name, items: entries }, null, 2) + '\n'
  );
}

/** Reads either kind. Throws an `Error` whose message is for people. */
export function readPlaylist(text: string): Playlist {
  const start = text.replace(/^\uFEFF/, '').trimStart();
  const list = start.startsWith('{') || start.startsWith('[') ? readJson(start) : readM3u8(start);
  if (list.entries.length === 0) throw new Error('There is nothing to play in this file.');
  if (list.entries.length > MAX_ENTRIES)
    throw new Error(
      `This playlist has ${list.entries.length} entries; a queue takes ${MAX_ENTRIES}.`,
    );
  return list;
}

function readJson(text: string): Playlist {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('This file is broken: it begins like JSON and does not go on so.');
  }
  const whole = value as { name?: unknown; items?: unknown };
  const items = Array.isArray(value) ? (value as unknown[]) : whole.items;
  if (!Array.isArray(items)) throw new Error('This file is no playlist: it has no list of items.');
  const entries = (items as unknown[]).map(entry).filter((one) => one !== null);
  return { name: typeof whole.name === 'string' ? whole.name.slice(0, MAX_TITLE) : '', entries };
}

function entry(item: unknown): PlaylistEntry | null {
  if (typeof item === 'string') return byAddress(item, '', null);
  if (typeof item !== 'object' || item === null) return null;
  const { kind, key, url, title, duration } = item as Record<string, unknown>;
  const name = typeof title === 'string' ? title.slice(0, MAX_TITLE) : '';
  const seconds = typeof duration === 'number' && duration >= 0 ? duration : null;
  const where = typeof key === 'string' ? key : typeof url === 'string' ? url : '';
  if ((kind === 'library' || kind === 'upload' || kind === 'embed') && where)
    return { kind, key: where, title: name, duration: seconds };
  return byAddress(where, name, seconds);
}

/** Of an address, of our own, of the web, or a path on somebody's disk, of which only the name says anything. */
function byAddress(where: string, title: string, duration: number | null): PlaylistEntry | null {
  const own = /^watchalong:(library|upload|embed)\/([\w:/-]+)$/.exec(where);
  if (own)
    return { kind: own[1] as 'library' | 'upload' | 'embed', key: own[2] ?? '', title, duration };
  const file = fileTitle(where);
  if (/^https?:\/\/\S+$/i.test(where))
    return { kind: 'url', key: where, title: title || file, duration };
  const name = title || file;
  return name ? { kind: 'title', key: '', title: name, duration } : null;
}

function fileTitle(where: string): string {
  const file = where.split(/[?#]/)[0]?.split(/[/\\]/).filter(Boolean).at(-1) ?? '';
  let name = file;
  try {
    name = decodeURIComponent(file);
  } catch {
    // A stray percent sign: as it is.
  }
  return name.replace(/\.[a-z0-9]{2,5}$/i, '').slice(0, MAX_TITLE);
}

function readM3u8(text: string): Playlist {
  if (/^#EXT-X-(TARGETDURATION|STREAM-INF|MEDIA-SEQUENCE)/m.test(text))
    throw new Error('This is a stream, not a list of films. Put its web address on instead.');
  const list: Playlist = { name: '', entries: [] };
  let title = '';
  let duration: number | null = null;
  for (const line of text.split(/\r\n?|\n/).map((each) => each.trim())) {
    const info = /^#EXTINF:\s*(-?[\d.]+)[^,]*,(.*)$/.exec(line);
    if (info) {
      const seconds = Number(info[1]);
      duration = seconds > 0 ? seconds : null;
      title = (info[2] ?? '').trim().slice(0, MAX_TITLE);
    } else if (line.startsWith('#PLAYLIST:')) list.name = line.slice(10).trim().slice(0, MAX_TITLE);
    else if (line && !line.startsWith('#')) {
      const found = byAddress(line, title, duration);
      if (found) list.entries.push(found);
      title = '';
      duration = null;
    }
  }
  return list;
}

/** What a file of it is called: no separators, nothing hidden. */
export function fileName(name: string, extension: string): string {
  const plain = name
    .replace(/[^\p{L}\p{N} ._-]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '')
    .slice(0, 80);
  return `${plain || 'queue'}.${extension}`;
}
