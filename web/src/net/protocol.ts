// The native protocol's wire types, exactly as docs/protocol.md gives them.
//
// Units: positions are seconds, instants are milliseconds of the server's clock,
// spans are milliseconds. Nothing here has behaviour; unknown fields and unknown
// message types are ignored by whoever reads these.

export type MemberId = number;
export type ItemId = number;
export type MessageId = number;

export type Role = 'host' | 'co_host' | 'viewer';
export type Standing = 'admitted' | 'pending' | 'banned';
export type Who = 'everyone' | 'co_hosts' | 'host';
export type Entry = 'open' | 'password' | 'approval' | 'invite';
export type Visibility = 'public' | 'unlisted' | 'private';
export type PlayerState =
  'playing' | 'paused' | 'holding' | 'buffering' | 'seeking' | 'hidden' | 'blocked' | 'error';

export interface Life {
  state: 'created' | 'live' | 'grace' | 'expired' | 'ended';
  /** When a grace period runs out. */
  until?: number;
}

export interface Controls {
  play: Who;
  seek: Who;
  rate: Who;
  queue: Who;
  chat: Who;
  invite: Who;
  people: Who;
  ask: boolean;
}

export type BarrierPolicy = { do: 'off' } | { do: 'wait'; quorum: number; deadline: number };

export interface ChatRules {
  enabled: boolean;
  max_length: number;
  window: number;
  window_count: number;
  cool_down: number;
  duplicate_span: number;
  slow_mode: number;
}

export interface Policy {
  entry: Entry;
  visibility: Visibility;
  controls: Controls;
  seek_pauses: boolean;
  host_absence:
    { do: 'stay' } | { do: 'close' } | { do: 'hand_over' } | { do: 'grace'; span: number };
  barrier: BarrierPolicy;
  start_lead:
    | { do: 'adaptive'; min: number; max: number }
    | { do: 'fixed'; play: number; pause: number; seek: number };
  capacity: number;
  chat: ChatRules;
  seat_hold: number;
  idle_expiry: number;
  auto_advance: boolean;
  undo_window: number;
}

/** Any part of a policy, at any depth. */
export type PolicyPatch = {
  [K in keyof Policy]?: Policy[K] extends Controls | ChatRules ? Partial<Policy[K]> : Policy[K];
};

export interface Timeline {
  item: ItemId | null;
  position: number;
  at: number;
  rate: number;
  playing: boolean;
  rev: number;
  by: MemberId | null;
  duration: number | null;
  /** How far it may be played for now, where the rest still arrives; null where all of it is there. */
  bound: number | null;
  /** Stands at its bound, and goes on by itself as more arrives. */
  held: boolean;
}

export interface QueuedMedia {
  kind: string;
  key: string;
  title: string;
  duration: number | null;
  poster?: string | null;
  /** Of the next in the queue alone: where it may be fetched ahead. */
  url?: string | null;
  /** With an address: the words of all that a player must know to play the file itself; absent while unknown. */
  needs?: string[];
}

/** The random pool: what is left to draw, what was drawn, what the receiver has put in. */
export interface PoolState {
  left: number;
  shown: number;
  yours: QueuedMedia[];
}

export interface RoomMedia extends QueuedMedia {
  item: ItemId;
  /** Relative to the page's base, signed and expiring; absolute for kind `url`. */
  url: string;
  type?: string | null;
  problem?: string | null;
  /** Of kind `embed`: whose player shows it, and what can be done with it. */
  embed?: EmbedInfo | null;
  /** What copies of people's own are compared with; null while nobody has told, and for the server's own files. */
  fingerprint?: string | null;
  /** What follows by itself where the queue is empty; null where nothing does. */
  next?: {
    media: QueuedMedia;
    /** Where in this film it is put on; null: at its end. */
    at: number | null;
    /** Somebody held it back. */
    held: boolean;
  } | null;
}

/** A provider's player. */
export interface EmbedInfo {
  provider: string;
  /** For people. */
  name: string;
  /** Where people watch it without us. */
  page: string | null;
  /** It is going on right now. */
  live: boolean;
  /** It takes orders; otherwise each viewer works it by hand. */
  steered: boolean;
  /** It can be played faster and slower. */
  rate: boolean;
}

export interface Barrier {
  item: ItemId;
  purpose: string;
  deadline: number;
  /** Whether playback starts with the end of the wait; else it only shows who is loading. */
  wants_play?: boolean;
  ready: MemberId[];
  waiting: MemberId[];
}

export interface Member {
  id: MemberId;
  name: string;
  role: Role;
  standing: Standing;
  present: boolean;
  away_since: number | null;
  muted: boolean;
  ready: boolean;
  reports: boolean;
  client: string;
  /** Of a banned one: whether nobody comes in from their address, either. */
  address?: boolean;
}

export interface QueueEntry {
  item: ItemId;
  media: QueuedMedia;
  added_by: MemberId | null;
  votes: MemberId[];
}

export interface ChatMessage {
  id: MessageId;
  by: MemberId | null;
  name: string;
  text: string;
  at: number;
  item: ItemId | null;
  position: number | null;
  reply_to: MessageId | null;
  /** Who is named by an `@`, told by the server; missing where nobody is. */
  mentions?: MemberId[];
  /** Taken back: `text` is empty then. */
  deleted?: boolean;
}

/** A reaction, bound to the moment of the film at which it was given. */
export interface ReactionNote {
  by: MemberId;
  emoji: string;
  item: ItemId | null;
  position: number | null;
  at: number;
}

/** What somebody wants the moderators to look at. */
export interface ReportNote {
  id: number;
  by: MemberId | null;
  name: string;
  member?: MemberId | null;
  message?: MessageId | null;
  /** The reported message's words as they were. */
  text?: string | null;
  reason: string;
  at: number;
}

export interface ActPerson {
  member: MemberId | null;
  name: string;
}

/** One line of the room's audit log: who used a privilege on whom. */
export interface Act {
  id: number;
  at: number;
  by: ActPerson | null;
  act: string;
  target: ActPerson | null;
  detail: string | null;
}

export interface Undo {
  by: MemberId | null;
  what: string;
  until: number;
}

export interface Rights {
  play: boolean;
  seek: boolean;
  rate: boolean;
  queue: boolean;
  chat: boolean;
  invite: boolean;
  people: boolean;
  host: boolean;
  ask: boolean;
}

export interface Snapshot {
  code: string;
  name: string;
  rev: number;
  life: Life;
  policy: Policy;
  timeline: Timeline;
  media: RoomMedia | null;
  barrier: Barrier | null;
  /** In a crowd not all of them. */
  members: Member[];
  /** How many are there. */
  people: number;
  queue: QueueEntry[];
  pool: PoolState;
  chat: ChatMessage[];
  undo: Undo | null;
  you: { member: MemberId; rights: Rights };
  /** At the door, for whoever may let them in; empty for others, like `banned`. */
  pending: Member[];
  banned: Member[];
  /** When a scheduled party begins; null or missing for one that began when it was opened. */
  schedule?: number | null;
  /** For whoever moderates; missing for others. */
  words?: string[];
  reports?: ReportNote[];
}

export type Cause =
  | 'play'
  | 'pause'
  | 'seek'
  | 'rate'
  | 'load'
  | 'unload'
  | 'undo'
  | 'start'
  | 'steer'
  | 'end'
  | 'duration'
  | 'hold'
  | 'arrival';
export type GoneReason = 'left' | 'timed_out' | 'kicked' | 'banned' | 'denied' | 'room_over';

export type RoomEvent =
  | {
      event: 'timeline';
      timeline: Timeline;
      cause: Cause;
      by: MemberId | null;
      undo?: Undo | null;
      media?: RoomMedia | null;
    }
  | { event: 'barrier'; barrier: Barrier | null }
  | {
      event: 'members';
      members: Member[];
      gone: { member: MemberId; reason: GoneReason }[];
      people: number;
    }
  | { event: 'medium'; media: RoomMedia | null }
  | { event: 'queue'; queue: QueueEntry[] }
  | { event: 'pool'; left: number; shown: number }
  | { event: 'said'; message: ChatMessage }
  | { event: 'deleted'; message: MessageId }
  | ({ event: 'reacted' } & ReactionNote)
  | { event: 'reactions'; list: ReactionNote[]; more: number }
  | { event: 'asked'; by: MemberId; play: boolean }
  | {
      event: 'settings';
      name: string;
      policy: Policy;
      schedule?: number | null;
      words?: string[];
    }
  | { event: 'life'; life: Life }
  | { event: 'rights'; rights: Rights }
  | { event: 'knock'; members: Member[] }
  | { event: 'bans'; members: Member[] }
  | { event: 'reports'; reports: ReportNote[] }
  | { event: 'acted'; act: Act }
  | { event: 'invites_revoked' };

/** Member, skew in ms (positive: ahead), buffer in s, delay in ms, state; null where unknown. */
export type Signal = [
  member: MemberId,
  skew: number | null,
  buffer: number | null,
  delay: number | null,
  state: PlayerState | null,
];

export interface Welcome {
  t: 'welcome';
  v: number;
  member: MemberId;
  resumed: boolean;
  person: string;
  resume: string;
  /** Goes into the addresses of media as `viewer`, so that the server knows whose share of its uplink it is. */
  viewer: string;
  hold: number;
  server: { name: string; version: string };
  clock: number;
  room: Snapshot;
}

export interface Pending {
  t: 'pending';
  member: MemberId;
  resume: string;
  person: string;
  name: string;
}

export interface ClockAnswer {
  t: 'clock';
  id: number;
  c: number;
  r: number;
  s: number;
}

export interface Bye {
  t: 'bye';
  code: string;
  message: string;
  again: boolean;
  /** How long coming back is of no use, ms. */
  retry_ms?: number;
}

export interface RefusedFrame {
  t: 'refused';
  id: number | null;
  code: string;
  message: string;
  /** When the same may work, ms from now. */
  retry_ms?: number;
}

export interface EventsFrame {
  t: 'events';
  rev: number;
  events: RoomEvent[];
}

export interface SignalsFrame {
  t: 'signals';
  members: Signal[];
  typing?: MemberId[];
}

export type ServerMessage =
  | Welcome
  | Pending
  | ClockAnswer
  | { t: 'ack'; id: number; rev: number }
  | RefusedFrame
  | EventsFrame
  | SignalsFrame
  | { t: 'room'; room: Snapshot }
  | Bye;

/** What can be loaded or queued: a library id, an upload of this room, an address, or what everybody has a copy of. */
export type MediaRef =
  | string
  | { kind: 'upload'; key: string }
  | { kind: 'url'; url: string; title?: string }
  | { kind: 'embed'; key: string; title?: string }
  | { kind: 'local'; title: string; duration: number | null; fingerprint: string };

export type Command =
  | { do: 'play' | 'pause'; position?: number; expect?: number }
  | { do: 'seek'; position: number; expect?: number }
  | { do: 'rate'; rate: number }
  | { do: 'load'; media: MediaRef; position?: number; play?: boolean }
  | { do: 'ready'; item: ItemId; ready: boolean }
  | {
      do:
        | 'unload'
        | 'start'
        | 'undo'
        | 'queue_sort'
        | 'queue_shuffle'
        | 'queue_clear'
        | 'pool_draw'
        | 'pool_reset'
        | 'leave'
        | 'end';
    }
  | { do: 'ask'; play: boolean }
  | { do: 'duration'; item: ItemId; duration: number }
  | { do: 'hold_next'; item: ItemId; held: boolean }
  | { do: 'fingerprint'; item: ItemId; fingerprint: string }
  | { do: 'queue_add'; media: MediaRef; before?: ItemId }
  | { do: 'queue_remove'; item: ItemId }
  | { do: 'queue_move'; item: ItemId; before?: ItemId }
  | { do: 'queue_vote'; item: ItemId; up: boolean }
  | { do: 'queue_next'; item?: ItemId }
  | { do: 'pool_offer'; media: MediaRef[] }
  | { do: 'say'; text: string; reply_to?: MessageId }
  | { do: 'delete_message'; message: MessageId }
  | { do: 'react'; emoji: string }
  | { do: 'rename'; name: string }
  | { do: 'admit' | 'deny' | 'kick' | 'unban' | 'hand_over'; member: MemberId }
  | { do: 'ban'; member: MemberId; address?: boolean }
  | { do: 'report'; member?: MemberId; message?: MessageId; reason: string }
  | { do: 'resolve'; report: number }
  | { do: 'schedule'; at: number | null }
  | { do: 'words'; words: string[] }
  | { do: 'mute'; member: MemberId; muted: boolean }
  | { do: 'co_host'; member: MemberId; co_host: boolean }
  | { do: 'policy'; patch: PolicyPatch }
  | { do: 'room_name'; name: string };

export interface Report {
  position: number | null;
  skew: number | null;
  buffer: number | null;
  delay: number | null;
  jitter: number | null;
  state: PlayerState | null;
}

export type ClientMessage =
  | {
      t: 'hello';
      v: 2;
      name: string;
      client: 'web';
      reports: boolean;
      person?: string;
      resume?: string;
      host_key?: string;
      password?: string;
      invite?: string;
    }
  | { t: 'clock'; id: number; c: number }
  | ({ t: 'cmd'; id: number } & Command)
  | ({ t: 'report' } & Report)
  | { t: 'typing' };

/** Reads one frame; null for what is not a message (unknown types come through and are ignored). */
export function parseMessage(text: string): ServerMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('t' in value)) return null;
    return value as ServerMessage;
  } catch {
    return null;
  }
}
