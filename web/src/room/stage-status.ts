// What the player says over the picture: one state at a time, in words, with a way
// on. Pure, so that every sentence can be tested without a browser.
import type { ConnectionState } from '../net/socket';
import { startsAfterWait } from './apply';
import type { Snapshot } from './model';
import { nameOf, names } from './phrases';
import { countdownText } from './schedule';
import { percent } from './transfer';
import type { Arriving } from './uploads.svelte';
import { dayTime } from '../ui/when';

export type StageAction =
  | 'choose'
  | 'start'
  | 'unmute'
  | 'retry_media'
  | 'next'
  | 'next_episode'
  | 'again'
  | 'play'
  | 'ask_play'
  | 'invite'
  | 'start_early'
  | 'calendar'
  | 'catch_up'
  | 'open_copy'
  | 'reopen_copy'
  | 'stream';

export interface StageStatus {
  kind:
    | 'empty'
    | 'own'
    | 'scheduled'
    | 'copying'
    | 'arriving'
    | 'barrier'
    | 'countdown'
    | 'paused'
    | 'blocked'
    | 'buffering'
    | 'problem'
    | 'finished'
    | 'loading'
    | 'clear';
  title: string;
  detail: string;
  actions: StageAction[];
  /** Shown over a darkened picture; otherwise as a small note that leaves the picture free. */
  veil: boolean;
}

export interface StageInput {
  room: Snapshot;
  connection: ConnectionState;
  /** Server time, ms. */
  now: number;
  /** Own player: starved of data, unable to play, refused by the browser, at the end. */
  buffering: boolean;
  problem: string | null;
  blocked: boolean;
  /** The own player has a first frame. */
  loaded: boolean;
  /** The file is still being written on the server; the player tries again by itself. */
  copying?: boolean;
  /** The player waits for the rest of an upload. */
  arriving?: Arriving | null;
  /** What was found at a link that does not play, a sentence. */
  found?: string | null;
  /** The viewer plays, or has to play, a copy of their own; null where they don't. */
  own?: OwnCopyState | null;
  /** How the film comes where it is not simply the file, a sentence. */
  coming?: string | null;
}

/** How it stands with a viewer's own copy. */
export interface OwnCopyState {
  open: boolean;
  /** It was open before, and a click is enough. */
  remembered: boolean;
  /** Nobody delivers this film: there is nothing else to watch. */
  only: boolean;
}

/** A shorter lead is over before a number could be read. */
const COUNTDOWN_MS = 900;

const goesOn = 'It goes on by itself as more arrives.';

const clear: StageStatus = { kind: 'clear', title: '', detail: '', actions: [], veil: false };

export function stageStatus(input: StageInput): StageStatus {
  const { room, now } = input;
  const line = room.timeline;
  const rights = room.you.rights;

  const startsIn = (room.schedule ?? 0) - now;
  if (startsIn > 0 && !line.playing && !(room.barrier && startsAfterWait(room))) {
    const film = room.media ? `${room.media.title} · ` : '';
    return {
      kind: 'scheduled',
      title: `Starts in ${countdownText(startsIn)}`,
      detail: `${film}${dayTime(room.schedule ?? 0, now)}`,
      actions: [
        ...(!room.media && rights.queue ? ['choose' as const] : []),
        'calendar',
        ...(rights.invite ? ['invite' as const] : []),
        ...(room.media && rights.host ? ['start_early' as const] : []),
      ],
      veil: true,
    };
  }

  if (!room.media || line.item === null) {
    return {
      kind: 'empty',
      title: 'Nothing on yet',
      detail: rights.queue
        ? 'Choose something to watch. It starts for everybody at the same moment.'
        : 'The host chooses what to watch. It will appear here by itself.',
      actions: rights.queue ? ['choose', 'invite'] : ['invite'],
      veil: true,
    };
  }

  const { own } = input;
  const copies: StageAction[] = own
    ? [
        ...(own.remembered ? ['reopen_copy' as const] : []),
        'open_copy',
        ...(own.only ? [] : ['stream' as const]),
      ]
    : [];
  if (own && !own.open) {
    return {
      kind: 'own',
      title: `Open your copy of “${room.media.title}”`,
      detail: own.only
        ? 'Everybody here watches a copy of their own. It stays on your device; nothing is sent.'
        : 'You watch copies of your own in this room, so nothing comes over the network.',
      actions: copies,
      veil: true,
    };
  }

  if (input.copying && !room.media.problem) {
    return {
      kind: 'copying',
      title: 'This file is still being copied…',
      detail: 'It is not whole yet on the server. It is tried again by itself, every few seconds.',
      actions: rights.queue ? ['choose'] : [],
      veil: true,
    };
  }

  if (input.arriving && !room.media.problem) {
    const { by, sent, size } = input.arriving;
    const who =
      by === null ? 'somebody who has left' : by === room.you.member ? 'you' : nameOf(room, by);
    return {
      kind: 'arriving',
      title: `Still being uploaded by ${who}`,
      detail: `${percent(sent, size)} % is here. ${goesOn}`,
      actions: [],
      veil: false,
    };
  }

  if (line.held) {
    return {
      kind: 'arriving',
      title: 'Paused until more of the film has arrived',
      detail: goesOn,
      actions: [],
      veil: false,
    };
  }

  if (own && input.problem !== null) {
    return {
      kind: 'problem',
      title: 'Your copy cannot be played here',
      detail: input.problem,
      actions: copies,
      veil: true,
    };
  }
  const foreign =
    input.problem !== null && room.media.kind === 'url'
      ? (input.found ??
        'Nothing that this browser can play was found at the address. It may be wrong, or its site may not let others play it.')
      : input.problem;
  const problem = room.media.problem ?? foreign;
  if (problem) {
    return {
      kind: 'problem',
      title: 'This cannot be played here',
      detail: problem,
      actions: rights.queue ? ['retry_media', 'choose'] : ['retry_media'],
      veil: true,
    };
  }

  const { mine, others } = loading(room);
  if (room.barrier && startsAfterWait(room) && (mine || others.length > 0)) {
    const left = Math.max(0, Math.ceil((room.barrier.deadline - now) / 1000));
    const who = mine ? (others.length > 0 ? ['you', ...others] : ['you']) : others;
    return {
      kind: 'barrier',
      title:
        mine && others.length === 0 ? 'Getting your picture ready…' : `Waiting for ${names(who)}`,
      detail: [
        mine ? input.coming : null,
        left > 0 ? `Starts by itself, in ${left} s at the latest.` : 'Starting now…',
      ]
        .filter((part) => part)
        .join(' '),
      actions: rights.play ? ['start'] : [],
      veil: true,
    };
  }

  if (input.blocked) {
    return {
      kind: 'blocked',
      title: 'Your browser wants a click first',
      detail: 'Click to join in with picture and sound.',
      actions: ['unmute'],
      veil: true,
    };
  }

  if (line.playing && line.at - now > COUNTDOWN_MS) {
    return {
      kind: 'countdown',
      title: `Starting in ${Math.max(1, Math.ceil((line.at - now) / 1000))}`,
      detail: '',
      actions: [],
      veil: false,
    };
  }

  const end = line.duration;
  if (end !== null && !line.playing && end > 0 && line.position >= end - 0.5) {
    const episode = room.queue.length > 0 ? null : room.media.next;
    return {
      kind: 'finished',
      title: 'The end',
      detail: room.queue[0]
        ? `Next in the queue: ${room.queue[0].media.title}`
        : episode
          ? `Next episode: ${episode.media.title}`
          : 'Put something in the queue to go on.',
      actions: [
        ...(rights.queue
          ? [
              room.queue.length > 0
                ? ('next' as const)
                : episode
                  ? ('next_episode' as const)
                  : ('choose' as const),
            ]
          : []),
        ...(rights.play && rights.seek ? ['again' as const] : []),
      ],
      veil: true,
    };
  }

  if (!line.playing) {
    if (!input.loaded && input.buffering) {
      const detail = input.coming ?? '';
      return { kind: 'loading', title: 'Loading…', detail, actions: [], veil: false };
    }
    return {
      kind: 'paused',
      title: 'Paused',
      detail: rights.play
        ? others.length > 0
          ? `${names(others)} ${others.length === 1 ? 'is' : 'are'} still loading`
          : ''
        : rights.ask
          ? 'Ask the host to play'
          : 'The host has the controls',
      actions: rights.play ? ['play'] : rights.ask ? ['ask_play'] : [],
      veil: false,
    };
  }

  if (input.buffering) {
    return {
      kind: 'buffering',
      title: 'Loading for you…',
      detail: 'The others watch on; you catch up by yourself.',
      actions: [],
      veil: false,
    };
  }
  return clear;
}

/** Who the room's barrier waits for. */
function loading(room: Snapshot): { mine: boolean; others: string[] } {
  const waiting = room.barrier?.waiting ?? [];
  return {
    mine: waiting.includes(room.you.member),
    others: waiting
      .filter((id) => id !== room.you.member)
      .map((id) => room.members.find((member) => member.id === id)?.name ?? 'somebody'),
  };
}
