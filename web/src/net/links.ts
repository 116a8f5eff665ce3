// Links of other sites: the server looks at what is there, since this page may not.
import { callAsMe } from './identity';
import type { MediaRef } from './protocol';
import { ApiError, sending } from './request';

export interface Link {
  /** To put it on, or into the queue. */
  media: MediaRef;
  title: string;
  /** Whose player shows it; null where this browser plays it by itself. */
  provider: string | null;
  /** MIME type, where it was looked at. */
  type: string | null;
  size: number | null;
  duration: number | null;
  live: boolean;
  checked: boolean;
}

/** What a link leads to; throws a sentence for people where nothing there can be played. */
export function lookAt(url: string): Promise<Link> {
  return callAsMe<Link>('api/v2/links', sending('POST', { url: url.trim() }));
}

/** A subtitle of another site. */
export function linkedSubtitle(url: string): Promise<{ label: string; text: string }> {
  return callAsMe('api/v2/links/subtitle', sending('POST', { url: url.trim() }));
}

/** The server can't tell; the browsers in the room may get further (a NAS at home, a site that is shy of servers). */
const MAYBE = [
  'address_not_public',
  'address_unreachable',
  'address_slow',
  'fetch_busy',
  'link_trouble',
  'link_not_allowed',
  'too_many_requests',
  'offline',
];

export function mayPlayAnyway(error: unknown): boolean {
  return error instanceof ApiError && MAYBE.includes(error.code);
}
