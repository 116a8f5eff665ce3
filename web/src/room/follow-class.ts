// How closely this viewer follows the room, and how the engine's states are told to the others.
import type { PlayerState } from '../net/protocol';
import { setting } from '../net/storage';
import type { SyncState } from '../sync';

/** The choices people get, from closest to loosest; the engine knows more for machines. */
export const FOLLOW_CLASSES = ['same-room', 'normal', 'relaxed', 'free'] as const;
export type FollowClass = (typeof FOLLOW_CLASSES)[number];

export const STATES: Record<SyncState, PlayerState | null> = {
  waiting: null,
  holding: 'holding',
  playing: 'playing',
  paused: 'paused',
  buffering: 'buffering',
  seeking: 'seeking',
  'needs-gesture': 'blocked',
  hidden: 'hidden',
  ended: 'paused',
  error: 'error',
};

/** What this viewer chose last. */
export function storedClass(): FollowClass {
  const stored = setting.get('class');
  return FOLLOW_CLASSES.find((name) => name === stored) ?? 'normal';
}
