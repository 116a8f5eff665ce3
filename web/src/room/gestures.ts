// What a person can do besides steering the player, each as one call. Components use
// these, so that the protocol's words stay out of them.
import type { Command } from '../net/protocol';
import type { ItemId, MediaRef, MemberId, MessageId, PolicyPatch } from './model';

export class Gestures {
  #act: (command: Command) => Promise<boolean>;

  constructor(act: (command: Command) => Promise<boolean>) {
    this.#act = act;
  }

  startNow = () => this.#act({ do: 'start' });
  undo = () => this.#act({ do: 'undo' });
  rate = (rate: number) => this.#act({ do: 'rate', rate });
  unload = () => this.#act({ do: 'unload' });

  queueAdd = (media: MediaRef) => this.#act({ do: 'queue_add', media });
  queueRemove = (item: ItemId) => this.#act({ do: 'queue_remove', item });
  queueMove = (item: ItemId, before: ItemId | undefined) =>
    this.#act({ do: 'queue_move', item, ...(before === undefined ? {} : { before }) });
  vote = (item: ItemId, up: boolean) => this.#act({ do: 'queue_vote', item, up });
  queueSort = () => this.#act({ do: 'queue_sort' });
  queueShuffle = () => this.#act({ do: 'queue_shuffle' });
  queueClear = () => this.#act({ do: 'queue_clear' });
  /** All that one puts into the random pool; replaces what one had in it. */
  poolOffer = (media: MediaRef[]) => this.#act({ do: 'pool_offer', media });
  poolDraw = () => this.#act({ do: 'pool_draw' });
  poolReset = () => this.#act({ do: 'pool_reset' });
  next = (item?: ItemId) =>
    this.#act({ do: 'queue_next', ...(item === undefined ? {} : { item }) });

  /** Keeps what would follow by itself from being put on, or lets it. */
  holdNext = (item: ItemId, held: boolean) => this.#act({ do: 'hold_next', item, held });

  deleteMessage = (message: MessageId) => this.#act({ do: 'delete_message', message });
  rename = (name: string) => this.#act({ do: 'rename', name });

  admit = (member: MemberId) => this.#act({ do: 'admit', member });
  deny = (member: MemberId) => this.#act({ do: 'deny', member });
  kick = (member: MemberId) => this.#act({ do: 'kick', member });
  /** `address`: nobody comes in from where they are, under any name. */
  ban = (member: MemberId, address = false) =>
    this.#act({ do: 'ban', member, ...(address ? { address } : {}) });
  unban = (member: MemberId) => this.#act({ do: 'unban', member });
  mute = (member: MemberId, muted: boolean) => this.#act({ do: 'mute', member, muted });
  coHost = (member: MemberId, on: boolean) => this.#act({ do: 'co_host', member, co_host: on });
  handOver = (member: MemberId) => this.#act({ do: 'hand_over', member });

  reportMember = (member: MemberId, reason: string) => this.#act({ do: 'report', member, reason });
  reportMessage = (message: MessageId, reason: string) =>
    this.#act({ do: 'report', message, reason });
  resolve = (report: number) => this.#act({ do: 'resolve', report });

  /** Server time, ms; null begins the party now, or whenever somebody presses play. */
  schedule = (at: number | null) => this.#act({ do: 'schedule', at });
  words = (words: string[]) => this.#act({ do: 'words', words });
  policy = (patch: PolicyPatch) => this.#act({ do: 'policy', patch });
  roomName = (name: string) => this.#act({ do: 'room_name', name });
  end = () => this.#act({ do: 'end' });
}
