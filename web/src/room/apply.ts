// Snapshot + events -> state, as pure functions.
//
// A frame that the snapshot already holds is dropped (docs/protocol.md, `events`).
// Only the snapshot's revision counts for that: two frames of one revision exist,
// for example when only one member is told of a new right. Events hold whole
// values, so applying one twice changes nothing.
import type { ChatMessage, EventsFrame, ItemId, Member, RoomEvent, Snapshot, Undo } from './model';

/** The newest chat lines; older ones are `history.svelte.ts`'s, which asks for them when somebody scrolls up. */
export const MAX_CHAT = 500;

export interface RoomState {
  room: Snapshot;
  /** Revision of the last whole snapshot. */
  base: number;
}

export interface Applied {
  state: RoomState;
  /** The events that were new, for toasts and sounds; empty where the frame was dropped. */
  fresh: RoomEvent[];
}

export function fromSnapshot(room: Snapshot): RoomState {
  return { room, base: room.rev };
}

export function applyFrame(state: RoomState, frame: EventsFrame): Applied {
  if (frame.rev <= state.base) return { state, fresh: [] };
  let room = state.room;
  for (const event of frame.events) room = applyEvent(room, event);
  room = { ...room, rev: Math.max(room.rev, frame.rev) };
  return { state: { ...state, room }, fresh: frame.events };
}

function applyEvent(room: Snapshot, event: RoomEvent): Snapshot {
  switch (event.event) {
    case 'timeline': {
      // The timeline's own revision guards against a late frame undoing a newer one.
      if (event.timeline.rev < room.timeline.rev) return room;
      const media = event.media !== undefined ? event.media : room.media;
      return {
        ...room,
        timeline: event.timeline,
        media: event.timeline.item === null ? null : media,
        undo: event.undo === undefined ? room.undo : event.undo,
      };
    }
    case 'barrier':
      return { ...room, barrier: event.barrier };
    case 'members': {
      const changed = new Map(event.members.map((member) => [member.id, member]));
      const gone = new Set(event.gone.map((each) => each.member));
      const kept = room.members
        .map((member) => changed.get(member.id) ?? member)
        .filter((member) => !gone.has(member.id));
      const known = new Set(room.members.map((member) => member.id));
      const added = event.members.filter((member) => !known.has(member.id));
      const members = [...kept, ...added].filter((member) => member.standing === 'admitted');
      const settled = new Set([...members.map((member) => member.id), ...gone]);
      return {
        ...room,
        members,
        people: event.people,
        pending: room.pending.filter((member) => !settled.has(member.id)),
      };
    }
    case 'medium':
      return { ...room, media: event.media };
    case 'queue':
      return { ...room, queue: event.queue };
    case 'pool':
      return { ...room, pool: { ...room.pool, left: event.left, shown: event.shown } };
    case 'said': {
      const rest = room.chat.filter((message) => message.id !== event.message.id);
      return { ...room, chat: [...rest, event.message].slice(-MAX_CHAT) };
    }
    case 'deleted':
      return {
        ...room,
        chat: room.chat.map((message) => (message.id === event.message ? blank(message) : message)),
      };
    case 'settings':
      return {
        ...room,
        name: event.name,
        policy: event.policy,
        ...(event.schedule === undefined ? {} : { schedule: event.schedule }),
        ...(event.words === undefined ? {} : { words: event.words }),
      };
    case 'life':
      return { ...room, life: event.life };
    case 'rights':
      return { ...room, you: { ...room.you, rights: event.rights } };
    case 'knock':
      return { ...room, pending: event.members };
    case 'bans':
      return { ...room, banned: event.members };
    case 'reports':
      return { ...room, reports: event.reports };
    default:
      // Reactions, `asked` and `acted` are moments, not state; unknown events change nothing.
      return room;
  }
}

/** A message that was taken back keeps its place, so that answers to it still make sense. */
export function blank(message: ChatMessage): ChatMessage {
  return { ...message, text: '', mentions: [], deleted: true };
}

export function memberById(room: Snapshot, id: number | null): Member | undefined {
  return id === null ? undefined : room.members.find((member) => member.id === id);
}

/** Position of the timeline at a server instant, by the formula of docs/protocol.md section 3. */
export function positionAt(room: Snapshot, at: number): number {
  const line = room.timeline;
  if (!line.playing) return line.position;
  const position = line.position + (Math.max(0, at - line.at) / 1000) * line.rate;
  return Math.min(position, line.duration ?? Infinity, line.bound ?? Infinity);
}

/** Whether the room plays, or is about to once all have loaded or more has arrived: what a pause would stop. */
export function isGoing(room: Snapshot): boolean {
  return room.timeline.playing || room.timeline.held || startsAfterWait(room);
}

export function startsAfterWait(room: Snapshot): boolean {
  const barrier = room.barrier;
  return barrier !== null && (barrier.wants_play ?? barrier.purpose === 'start');
}

/** The undo that this member may use now, if any. */
export function usableUndo(room: Snapshot, at: number): Undo | null {
  const undo = room.undo;
  if (!undo || undo.until <= at) return null;
  if (undo.by === room.you.member) return undo;
  const rights = room.you.rights;
  const allowed =
    undo.what === 'seek'
      ? rights.seek
      : undo.what === 'rate'
        ? rights.rate
        : undo.what === 'load' || undo.what === 'unload'
          ? rights.queue
          : rights.play;
  return allowed ? undo : null;
}

/** Where an item has to be put so that it lands at `index` of the list without it. */
export function beforeForIndex(order: ItemId[], item: ItemId, index: number): ItemId | undefined {
  const rest = order.filter((each) => each !== item);
  return rest[index];
}
