// Which way a film comes to this player: the server decides from what the player says it plays.
import { call } from './request';

export interface SoundTrack {
  label: string;
  language: string | null;
  default: boolean;
}

export interface TextTrack {
  /** Its text is at `text/{id}` below the film's address. */
  id: string;
  label: string;
  language: string | null;
  default: boolean;
  forced: boolean;
  format: 'vtt' | 'ass';
}

export interface Way {
  way: 'direct' | 'remux' | 'transcode';
  /** What keeps the browser from playing the file itself, a sentence each. */
  why: string[];
  /** It should be converted and can't be: it may not play, or only in part. */
  doubtful: boolean;
  /** The master playlist, relative to the page's base; null where the film can't be converted. */
  hls: string | null;
  /** Lines of the pictures that it can be converted to, highest first. */
  heights: number[];
  sound: SoundTrack[];
  text: TextTrack[];
}

/** Asks for the way of the film at `address` (as `mediaAddress` gives it). */
export function wayOf(address: string, plays: readonly string[], refused: boolean): Promise<Way> {
  const url = new URL(address);
  url.pathname += '/way';
  url.searchParams.set('plays', plays.join(','));
  if (refused) url.searchParams.set('refused', 'true');
  return call<Way>(url.href);
}

/** Where the text of a subtitle of the film at `address` is. */
export function textAddress(address: string, id: string): string {
  const url = new URL(address);
  url.pathname += `/text/${id}`;
  return url.href;
}
