// The moderators' desk: what was done with which privilege, paged back and live.
// Reports are the room's own state (`room.reports`); only the reading is here.
import { olderActs } from '../net/people';
import type { Act } from './model';

export class Desk {
  /** The newest first; null until asked for. */
  acts = $state.raw<Act[] | null>(null);
  more = $state(false);
  loading = $state(false);
  trouble = $state<string | null>(null);
  #code: string;

  constructor(code: string) {
    this.#code = code;
  }

  /** The first page, or the next older one. */
  async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.trouble = null;
    try {
      const oldest = this.acts?.at(-1)?.id ?? null;
      const page = await olderActs(this.#code, oldest);
      this.acts = merged(this.acts ?? [], page.acts);
      this.more = page.more;
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : 'This could not be read.';
    } finally {
      this.loading = false;
    }
  }

  acted(act: Act): void {
    if (this.acts) this.acts = merged(this.acts, [act]);
  }

  /** After a gap in the connection: what was missed is read when somebody looks. */
  forget(): void {
    this.acts = null;
    this.more = false;
  }
}

function merged(known: readonly Act[], more: readonly Act[]): Act[] {
  const byId = new Map([...known, ...more].map((act) => [act.id, act]));
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
