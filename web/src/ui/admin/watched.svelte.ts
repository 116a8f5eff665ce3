// Something that the server tells, asked anew while somebody looks at it.
import { sentence } from '../../net/request';

export class Watched<T> {
  /** The last answer; null: none yet. It stays when the server can't be asked. */
  now = $state.raw<T | null>(null);
  /** Why it could not be asked, in words. */
  trouble = $state<string | null>(null);

  /** Belongs into a component. What `ask` reads of its state before the first wait is asked with anew. */
  constructor(
    private readonly ask: () => Promise<T>,
    everyMs: number,
    first: T | null = null,
  ) {
    this.now = first;
    $effect(() => {
      void this.look();
      const timer = setInterval(() => {
        if (!document.hidden) void this.look();
      }, everyMs);
      return () => clearInterval(timer);
    });
  }

  async look(): Promise<void> {
    try {
      this.now = await this.ask();
      this.trouble = null;
    } catch (error) {
      this.trouble = sentence(error);
    }
  }
}
