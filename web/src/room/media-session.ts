// Media keys, headset buttons and the system's player card: gestures like any other.
import { resolve } from '../net/api';
import type { Session } from './session.svelte';

/** What headsets and lock screens skip by. */
const STEP_S = 10;

/** Registers the handlers; returns what removes them. */
export function bindMediaKeys(session: Session): (() => void) | undefined {
  if (!('mediaSession' in navigator)) return undefined;
  const media = navigator.mediaSession;
  const handlers: [MediaSessionAction, MediaSessionActionHandler][] = [
    ['play', () => session.play()],
    ['pause', () => session.pause()],
    ['seekbackward', (details) => session.skip(-(details.seekOffset ?? STEP_S))],
    ['seekforward', (details) => session.skip(details.seekOffset ?? STEP_S)],
    ['seekto', (details) => details.seekTime != null && session.seek(details.seekTime)],
    ['nexttrack', () => void session.do.next()],
  ];
  for (const [action, handler] of handlers) set(media, action, handler);
  return () => {
    for (const [action] of handlers) set(media, action, null);
  };
}

/** What the lock screen shows. */
export function showMediaCard(title: string | null, room: string, poster: string | null): void {
  if (!('mediaSession' in navigator)) return;
  navigator.mediaSession.metadata =
    title === null
      ? null
      : new MediaMetadata({
          title,
          artist: room,
          artwork: poster ? [{ src: resolve(poster) }] : [],
        });
}

export function showMediaState(state: MediaSessionPlaybackState): void {
  if ('mediaSession' in navigator) navigator.mediaSession.playbackState = state;
}

function set(
  media: MediaSession,
  action: MediaSessionAction,
  handler: MediaSessionActionHandler | null,
): void {
  try {
    media.setActionHandler(action, handler);
  } catch {
    // This browser doesn't know the action.
  }
}
