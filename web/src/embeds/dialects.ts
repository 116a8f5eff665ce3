// Which providers' players take orders, and how to speak to them. A new one is a file with a `Dialect` and a line here
// (and its `Provider` on the server, which says `steered`).
import type { Dialect } from './frame-player';
import { twitch } from './twitch';
import { vimeo } from './vimeo';
import { youtube } from './youtube';

const DIALECTS: Readonly<Record<string, Dialect>> = { twitch, vimeo, youtube };

export function dialectOf(provider: string): Dialect | null {
  return DIALECTS[provider] ?? null;
}
