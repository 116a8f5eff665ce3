// What members brought to a room, by REST; and the addresses of it. Sending the bytes is
// `room/bring.ts`'s, by tus.
import { callAsMe } from './identity';
import { ask, call, resolve } from './request';

/** An upload as the server tells of it; see docs/protocol.md, "Uploads". */
export interface UploadStatus {
  /** What to put on: `{"kind":"upload","key":ID}`. */
  id: string;
  /** The file's name. */
  name: string;
  title: string;
  /** Bytes in all, and arrived. */
  size: number;
  offset: number;
  state: 'arriving' | 'watchable' | 'broken';
  problem: string | null;
  /** Seconds. */
  duration: number | null;
  /** When it is dropped unless more arrives, ms since the epoch. */
  expires: number | null;
  /** Who brought it, by their number in the room. */
  by: number | null;
  /** Where it goes on; only of one's own. */
  location?: string;
  /** Whether the server lets one keep it in its library; only of one's own. */
  may_keep?: boolean;
}

/** Where an upload of this room begins. */
export function uploadsUrl(code: string): string {
  return resolve(`api/v2/rooms/${encodeURIComponent(code)}/uploads`);
}

/** The uploads of a room, oldest first. */
export function uploadsOf(code: string): Promise<UploadStatus[]> {
  return callAsMe(`api/v2/rooms/${encodeURIComponent(code)}/uploads`);
}

/** How one stands, by its own address. */
export function uploadAt(location: string): Promise<UploadStatus> {
  return call(location);
}

/** Removes it with its bytes. */
export async function removeUpload(location: string): Promise<void> {
  await ask(location, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } });
}

/** Keeps it in the server's library; refused with a sentence where that is not for this person. */
export async function keepUpload(location: string): Promise<void> {
  await callAsMe(`${location}/keep`, { method: 'POST' });
}
