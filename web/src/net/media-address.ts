// Where a player fetches a medium from.
import { ask, resolve } from './request';

/** The server's own files are fetched in the viewer's name; other addresses are none of our business. */
export function mediaAddress(media: { kind: string; url: string }, viewer: string): string {
  const url = new URL(resolve(media.url));
  if ((media.kind === 'library' || media.kind === 'upload') && viewer)
    url.searchParams.set('viewer', viewer);
  return url.href;
}

/** Which bytes the server's file at `address` (as above) is; null where it can't tell. */
export async function fingerprintAt(address: string): Promise<string | null> {
  const url = new URL(address);
  url.pathname += '/fingerprint';
  try {
    const answer = (await (await ask(url.href)).json()) as { fingerprint?: string };
    return answer.fingerprint ?? null;
  } catch {
    return null;
  }
}
