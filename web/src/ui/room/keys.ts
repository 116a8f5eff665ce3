// The keyboard map: what the keys are, for people; and the keys at work.
import { neighbour } from '../../room/chapters';
import type { Session } from '../../room/session.svelte';
import type { Shell } from './shell.svelte';

export const KEY_MAP: readonly { keys: string[]; text: string }[] = [
  { keys: ['Space', 'k'], text: 'Play or pause, for everybody' },
  { keys: ['←', '→'], text: '5 seconds back or on' },
  { keys: ['j', 'l'], text: '10 seconds back or on' },
  { keys: ['Page Up', 'Page Down'], text: 'The chapter before or after' },
  { keys: ['↑', '↓'], text: 'Your volume' },
  { keys: ['m'], text: 'Your sound off or on' },
  { keys: ['f'], text: 'Fullscreen' },
  { keys: ['p'], text: 'Picture in picture' },
  { keys: ['v'], text: 'Subtitles' },
  { keys: ['c', 'Enter'], text: 'Write in the chat' },
  { keys: ['i'], text: 'Invite people' },
  { keys: ['s'], text: 'Sync meter' },
  { keys: ['?'], text: 'This map' },
  { keys: ['Esc'], text: 'Close what is open' },
];

const NEAR_S = 5;
const FAR_S = 10;
const VOLUME_STEP = 0.1;

/** Keys belong to whoever has the focus: fields, buttons and dialogs keep theirs. */
function elsewhere(event: KeyboardEvent): boolean {
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (!target) return false;
  if (target.closest('input, textarea, select, [contenteditable], dialog')) return true;
  const presses = event.key === ' ' || event.key === 'Enter';
  if (presses && target.closest('button, a, [role=menuitem]')) return true;
  const walks = event.key.startsWith('Arrow') || event.key.startsWith('Page');
  return walks && target.closest('[role=slider], [role=tablist], [role=menu], [role=log]') !== null;
}

/** Where a film has chapters; else the keys do nothing. */
function toChapter(session: Session, way: 'next' | 'previous'): void {
  const { marks } = session.playback;
  const start = neighbour(marks.chapters, session.playback.roomPosition(), way);
  if (start !== null) session.seek(start);
}

export function handleKey(
  event: KeyboardEvent,
  session: Session,
  shell: Shell,
  video: HTMLVideoElement | null,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (shell.dialog !== null || elsewhere(event)) return;
  const playback = session.playback;
  const keys: Record<string, () => void> = {
    ' ': () => session.toggle(),
    k: () => session.toggle(),
    ArrowLeft: () => session.skip(-NEAR_S),
    ArrowRight: () => session.skip(NEAR_S),
    j: () => session.skip(-FAR_S),
    l: () => session.skip(FAR_S),
    PageUp: () => toChapter(session, 'previous'),
    PageDown: () => toChapter(session, 'next'),
    ArrowUp: () => playback.loudness.setVolume(playback.loudness.volume + VOLUME_STEP),
    ArrowDown: () => playback.loudness.setVolume(playback.loudness.volume - VOLUME_STEP),
    m: () => playback.setMuted(!playback.loudness.muted),
    f: () => void shell.toggleFullscreen(video),
    p: () => void playback.togglePip(),
    v: () => shell.open('subtitles'),
    c: () => shell.focusChat(),
    Enter: () => shell.focusChat(),
    i: () => session.room?.you.rights.invite && shell.open('invite'),
    s: () => shell.open('sync'),
    '?': () => shell.open('keys'),
  };
  const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!run) return;
  event.preventDefault();
  run();
}
