// Where a player fetches a medium from.
import { resolve } from './request';

/** The server's own files are fetched in the viewer's name; other addresses are none of our business. */
export function mediaAddress(media: { kind: string; url: string }, viewer: string): string {
  const url = new URL(resolve(media.url));
  if ((media.kind === 'library' || media.kind === 'upload') && viewer)
    url.searchParams.set('viewer', viewer);
  return url.href;
}
