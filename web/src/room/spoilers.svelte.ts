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

export interface Reading {
  shown: readonly ChatMessage[];
  /** Those that wait for their moment. */
  hidden: readonly ChatMessage[];
}

export class Spoilers {
  on = $state(setting.get('spoilers') === 'safe');
  #seen: Record<MessageId, true> = {};
  /** Raised when something is shown after all. */
  #revealed = $state(0);
  #last: { of: readonly ChatMessage[]; reading: Reading } | null = null;

  set(on: boolean): void {
    this.on = on;
    setting.set('spoilers', on ? 'safe' : null);
    this.#seen = {};
    this.#last = null;
  }

  /** Splits by what may be read yet; the same object as before while nothing changed. */
  read(messages: readonly ChatMessage[], here: () => Where, me: MemberId | null): Reading {
    if (!this.on) return { shown: messages, hidden: [] };
    void this.#revealed;
    const where = here();
    const hides = (message: ChatMessage): boolean =>
      message.by !== me && !this.#seen[message.id] && tooEarly(message, where);
    const hidden = messages.filter(hides);
    const last = this.#last;
    if (last && last.of === messages && last.reading.hidden.length === hidden.length)
      return last.reading;
    const shown = hidden.length === 0 ? messages : messages.filter((message) => !hides(message));
    for (const message of shown) this.#seen[message.id] = true;
    this.#last = { of: messages, reading: { shown, hidden } };
    return this.#last.reading;
  }

  /** Shows these after all. */
  reveal(messages: readonly ChatMessage[]): void {
    for (const message of messages) this.#seen[message.id] = true;
    this.#revealed += 1;
  }
}
