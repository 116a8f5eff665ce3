// Reactions on their way over the picture: limited, so that a burst stays a sight and
// never becomes noise, and (for who asked for it) not before their moment of the film.
import type { ItemId, MemberId, ReactionNote } from './model';

export interface Flight {
  id: number;
  emoji: string;
  by: MemberId | null;
}

/** More flying at once than this is noise; the rest of a burst is a number. */
export const MAX_FLIGHTS = 24;
const FLIGHT_MS = 3600;
/** Those of one batch start one after the other, ms apart. */
const STAGGER_MS = 60;
/** More waiting for their moment than this is a film's worth of applause. */
const MAX_HELD = 200;

export class Sky {
  list = $state.raw<Flight[]>([]);
  /** How many of the last burst are not shown one by one. */
  rest = $state(0);
  #next = 1;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  #held: ReactionNote[] = [];

  /** A batch, as it came; `tooEarly` tells which are of a moment that is still to come. */
  take(
    notes: readonly ReactionNote[],
    more: number,
    tooEarly: (note: ReactionNote) => boolean,
  ): void {
    const now = notes.filter((note) => !tooEarly(note));
    if (now.length < notes.length)
      this.#held = [...this.#held, ...notes.filter(tooEarly)].slice(-MAX_HELD);
    this.#fly(now, more);
  }

  /** Lets those go whose moment has come; forgets those of a film that is off. */
  reached(item: ItemId | null, tooEarly: (note: ReactionNote) => boolean): void {
    if (this.#held.length === 0) return;
    const due = this.#held.filter((note) => note.item === item && !tooEarly(note));
    this.#held = this.#held.filter((note) => note.item === item && !due.includes(note));
    if (due.length > 0) this.#fly(due, 0);
  }

  #fly(notes: readonly ReactionNote[], more: number): void {
    const free = Math.max(0, MAX_FLIGHTS - this.list.length);
    notes.slice(0, free).forEach((note, index) => {
      setTimeout(() => this.#start(note), index * STAGGER_MS);
    });
    const unseen = Math.max(0, notes.length - free) + more;
    if (unseen === 0) return;
    this.rest += unseen;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => (this.rest = 0), FLIGHT_MS);
  }

  #start(note: ReactionNote): void {
    const id = this.#next++;
    this.list = [...this.list, { id, emoji: note.emoji, by: note.by }].slice(-MAX_FLIGHTS);
    setTimeout(() => {
      this.list = this.list.filter((each) => each.id !== id);
    }, FLIGHT_MS);
  }
}
