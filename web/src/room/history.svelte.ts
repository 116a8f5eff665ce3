// Chat older than the room's tail: fetched backwards page by page, without an end but
// the room's own. Joins seamlessly onto the tail, also when a new snapshot moves it.
import { olderMessages } from '../net/people';
import { blank } from './apply';
import type { ChatMessage, MessageId } from './model';

/** The first message of a room has this number or a smaller one. */
const FIRST_ID = 1;

export type FetchOlder = (before: number) => Promise<{ messages: ChatMessage[]; more: boolean }>;

export class History {
  older = $state.raw<ChatMessage[]>([]);
  loading = $state(false);
  trouble = $state<string | null>(null);
  /** Null until the server has told. */
  #more = $state<boolean | null>(null);
  #fetch: FetchOlder;

  constructor(code: string, fetch: FetchOlder = (before) => olderMessages(code, before)) {
    this.#fetch = fetch;
  }

  /** Everything known, the oldest first. */
  all(tail: readonly ChatMessage[]): readonly ChatMessage[] {
    return this.older.length === 0 ? tail : [...this.older, ...tail];
  }

  /** Whether there may be something older than what is known. */
  more(tail: readonly ChatMessage[]): boolean {
    const first = this.older[0] ?? tail[0];
    return first !== undefined && (this.#more ?? first.id > FIRST_ID);
  }

  /** The tail moved: what fell off it stays readable, and a hole in between starts the paging anew. */
  tailMoved(before: readonly ChatMessage[], after: readonly ChatMessage[]): void {
    const first = after[0];
    const last = before.at(-1);
    if (!first || !last || before[0] === first) return;
    if (last.id < first.id - 1) return this.rest();
    const fallen = before.filter((message) => message.id < first.id);
    const known = this.older.filter((message) => message.id < (fallen[0]?.id ?? first.id));
    if (fallen.length === 0) return;
    // Nobody reads up there: what is older can be asked for again.
    if (this.older.length === 0) this.#more = true;
    else this.older = [...known, ...fallen];
  }

  deleted(id: MessageId): void {
    if (this.older.some((message) => message.id === id))
      this.older = this.older.map((message) => (message.id === id ? blank(message) : message));
  }

  /** Lets go of what was paged in; it can be paged in again. */
  rest(): void {
    if (this.older.length > 0) this.older = [];
    this.#more = null;
  }

  /** One page further back. True where something came. */
  async load(tail: readonly ChatMessage[]): Promise<boolean> {
    const first = this.older[0] ?? tail[0];
    if (!first || this.loading || !this.more(tail)) return false;
    this.loading = true;
    this.trouble = null;
    try {
      const page = await this.#fetch(first.id);
      const fresh = page.messages.filter((message) => message.id < first.id);
      this.older = [...fresh, ...this.older];
      // A page that brings nothing new can't lead any further.
      this.#more = page.more && fresh.length > 0;
      return fresh.length > 0;
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : 'Older messages could not be read.';
      return false;
    } finally {
      this.loading = false;
    }
  }
}
