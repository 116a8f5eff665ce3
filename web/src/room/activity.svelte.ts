// The chat's quiet lines: who steered, and who came and went. Grouped, so that one
// person fiddling makes one line, and a crowd arriving makes one, too.
import type { MemberId } from './model';
import { names } from './phrases';

export interface Activity {
  id: number;
  /** Server time of the (last) act, ms. */
  at: number;
  by: MemberId | null;
  text: string;
  count: number;
}

const GROUP_MS = 20_000;
/** Coming and going is one line for as long as nothing else happens in between. */
const CROWD_MS = 120_000;
const MAX_LINES = 60;

type Kind = 'steer' | 'came' | 'went' | 'other';

export class Activities {
  list = $state.raw<Activity[]>([]);
  #next = 1;
  #kind: Kind = 'other';
  #crowd: string[] = [];

  /** `steers`: what somebody who looks for a moment does many times. */
  note(by: MemberId, text: string, at: number, steers: boolean): void {
    const last = this.list.at(-1);
    const fiddles = steers && this.#kind === 'steer';
    this.#kind = steers ? 'steer' : 'other';
    if (fiddles && last && last.by === by && at - last.at < GROUP_MS)
      this.#replace({ ...last, at, text, count: last.count + 1 });
    else this.#add({ at, by, text, count: 1 });
  }

  came(name: string, at: number): void {
    this.#crowded('came', name, at, (who) => `${names(who)} came in`);
  }

  went(name: string, at: number): void {
    this.#crowded('went', name, at, (who) => `${names(who)} left`);
  }

  #crowded(kind: Kind, name: string, at: number, text: (who: string[]) => string): void {
    const last = this.list.at(-1);
    const joins = this.#kind === kind && last !== undefined && at - last.at < CROWD_MS;
    const others = this.#crowd.filter((each) => each !== name);
    this.#crowd = joins ? [...others, name] : [name];
    this.#kind = kind;
    const line = { at, by: null, text: text(this.#crowd), count: 1 };
    if (joins) this.#replace({ ...last, ...line });
    else this.#add(line);
  }

  #add(line: Omit<Activity, 'id'>): void {
    this.list = [...this.list, { ...line, id: this.#next++ }].slice(-MAX_LINES);
  }

  #replace(line: Activity): void {
    // A new number: screen readers and the list's key see that it is another line.
    this.list = [...this.list.slice(0, -1), { ...line, id: this.#next++ }];
  }
}
