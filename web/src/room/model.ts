// The room's vocabulary for components: the wire types under names of their own, so
// that nothing in `ui/` imports from `net/`.
export type {
  Act,
  Barrier,
  Cause,
  ChatMessage,
  ChatRules,
  Controls,
  EmbedInfo,
  Entry,
  EventsFrame,
  ItemId,
  Member,
  MemberId,
  MediaRef,
  MessageId,
  PlayerState,
  Policy,
  PolicyPatch,
  PoolState,
  QueuedMedia,
  QueueEntry,
  ReactionNote,
  ReportNote,
  Rights,
  Role,
  RoomEvent,
  RoomMedia,
  Snapshot,
  Timeline,
  Undo,
  Visibility,
  Who,
} from '../net/protocol';
export type { LibraryItem } from '../net/api';
export type { UploadStatus } from '../net/uploads';

/** What the server last told about somebody's playback; null where unknown. */
export interface Vital {
  /** ms, positive: ahead of the room. */
  skew: number | null;
  /** s */
  buffer: number | null;
  /** Round trip, ms. */
  delay: number | null;
  state: import('../net/protocol').PlayerState | null;
}
