// Spoiler-safe reading: what was said at a later moment of the film than one's own
// position stays hidden until one gets there. A viewer's own setting; the room never
// hears of it. What has been seen once stays seen.
import { setting } from '../net/storage';
import type { ChatMessage, ItemId, MemberId, MessageId } from './model';

/** Own position and the room's differ by this much in the best of rooms, s. */
const SLACK_S = 2;

export interface Where {
  item: ItemId | null;
  /** Own position, s. */
  position: number;
}

/** Whether something said at this moment of the film would tell too much. Pure. */
export function tooEarly(
  moment: { item: ItemId | null; position: number | null },
  here: Where,
): boolean {
  return (
    moment.item !== null &&
    moment.item === here.item &&
    moment.position !== null &&
    moment.position > here.position + SLACK_S
  );
}

export class Spoilers {
  on = $state(setting.get('spoilers') === 'safe');
  #seen = new Set<MessageId>();

  set(on: boolean): void {
    this.on = on;
    setting.set('spoilers', on ? 'safe' : null);
    if (!on) this.#seen.clear();
  }

  /** Splits into what may be read and how many wait for their moment. */
  split(
    messages: readonly ChatMessage[],
    here: Where,
    me: MemberId | null,
  ): { shown: readonly ChatMessage[]; hidden: number } {
    if (!this.on) return { shown: messages, hidden: 0 };
    const shown = messages.filter(
      (message) => message.by === me || this.#seen.has(message.id) || !tooEarly(message, here),
    );
    for (const message of shown) this.#seen.add(message.id);
    return { shown, hidden: messages.length - shown.length };
  }

  /** Shows these after all. */
  reveal(messages: readonly ChatMessage[]): void {
    for (const message of messages) this.#seen.add(message.id);
  }
}
