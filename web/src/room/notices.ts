// Which events are worth a note over the picture or a quiet line in the chat, and what
// can be done from there. Decides nothing about the room itself.
import type { Activities } from './activity.svelte';
import { usableUndo } from './apply';
import { membersNews } from './members-news';
import type { Cause, Member, MemberId, RoomEvent, Snapshot } from './model';
import { actText, nameOf } from './phrases';
import type { Gestures } from './gestures';
import type { Toasts } from './toasts.svelte';

/** What somebody who looks for a moment does many times. */
const STEERING: readonly Cause[] = ['play', 'pause', 'seek', 'rate'];
/** A question to the host waits longer than a piece of news. */
const ASK_MS = 12_000;
const KNOCK_MS = 20_000;
const MAX_DOOR = 50;

export interface NoticeDesk {
  toasts: Toasts;
  activity: Activities;
  do: Gestures;
  play(): void;
  pause(): void;
  serverNow(): number;
}

export class Notices {
  #desk: NoticeDesk;
  /** Who knocked lately: the door is told of before the members are, and a decision may be taken back. */
  #door: Member[] = [];

  constructor(desk: NoticeDesk) {
    this.#desk = desk;
  }

  /** One event, with the room before and after it. */
  notice(event: RoomEvent, before: Snapshot, room: Snapshot): void {
    switch (event.event) {
      case 'timeline':
        return this.#steered(event, room);
      case 'asked':
        return this.#asked(event.by, event.play, room);
      case 'members':
        return this.#people(event, before, room);
      case 'knock':
        return this.#knocks(event.members, before.pending);
      default:
    }
  }

  #steered(event: Extract<RoomEvent, { event: 'timeline' }>, room: Snapshot): void {
    const { toasts, activity } = this.#desk;
    // Whatever was asked for, somebody has decided by now.
    toasts.dropKeys('asked-');
    toasts.dropKeys('right');
    const text = actText(room, event);
    if (!text || event.by === null) return;
    activity.note(event.by, text, event.timeline.at, STEERING.includes(event.cause));
    const undo = usableUndo(room, this.#desk.serverNow());
    const worthUndo = event.cause === 'seek' || event.cause === 'load' || event.cause === 'unload';
    if (event.by === room.you.member && !(undo && worthUndo)) return;
    toasts.show(text, {
      key: 'timeline',
      actions:
        undo && event.cause !== 'undo'
          ? [{ label: 'Undo', run: () => void this.#desk.do.undo() }]
          : [],
    });
  }

  #asked(by: MemberId, play: boolean, room: Snapshot): void {
    if (by === room.you.member || !room.you.rights.play) return;
    this.#desk.toasts.show(`${nameOf(room, by)} asks to ${play ? 'play' : 'pause'}`, {
      key: `asked-${by}`,
      forMs: ASK_MS,
      actions: [
        {
          label: play ? 'Play' : 'Pause',
          run: () => (play ? this.#desk.play() : this.#desk.pause()),
        },
      ],
    });
  }

  #people(event: Extract<RoomEvent, { event: 'members' }>, before: Snapshot, room: Snapshot): void {
    const { toasts, activity } = this.#desk;
    for (const { key, text, undo } of membersNews({ ...before, pending: this.#door }, event))
      toasts.show(text, {
        key,
        actions:
          undo === null || !room.you.rights.people
            ? []
            : [
                {
                  label: undo.do === 'unban' ? 'Lift the ban' : 'Let in after all',
                  run: () => void this.#desk.do[undo.do](undo.member),
                },
              ],
      });
    const now = this.#desk.serverNow();
    const known = new Map(before.members.map((member) => [member.id, member]));
    for (const member of event.members)
      if (!known.has(member.id) && member.standing === 'admitted' && member.id !== room.you.member)
        activity.came(member.name, now);
    for (const { member, reason } of event.gone) {
      const name = known.get(member)?.name;
      if (name && (reason === 'left' || reason === 'timed_out')) activity.went(name, now);
    }
  }

  #knocks(now: Snapshot['pending'], before: Snapshot['pending']): void {
    const { toasts } = this.#desk;
    const all = [...now, ...before, ...this.#door];
    this.#door = all
      .filter(({ id }, index) => all.findIndex((other) => other.id === id) === index)
      .slice(0, MAX_DOOR);
    for (const { id } of before)
      if (!now.some((member) => member.id === id)) toasts.dropKeys(`knock-${id}`);
    for (const { id, name } of now)
      if (!before.some((member) => member.id === id))
        toasts.show(`${name} wants to come in`, {
          key: `knock-${id}`,
          forMs: KNOCK_MS,
          actions: [
            { label: 'Let in', run: () => void this.#desk.do.admit(id) },
            { label: 'Not now', run: () => void this.#desk.do.deny(id) },
          ],
        });
  }
}
