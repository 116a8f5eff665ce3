// What is being written, wherever the field is at the moment: in the panel, over the
// picture, or nowhere while another tab shows. Nothing typed is lost: not by a refusal,
// not by a reconnect, not by a reload.
import { draftText } from '../net/storage';
import type { Refused } from '../net/socket';
import type { ChatMessage, ChatRules } from './model';

export class Draft {
  text = $state('');
  replyTo = $state.raw<ChatMessage | null>(null);
  /** Why the last one was not taken, for people. */
  trouble = $state<string | null>(null);
  sending = $state(false);
  /** Browser time (`performance.now()`) from which the next one may go, and why it has to wait. */
  heldUntil = $state(0);
  heldBy = $state<'slow' | 'cool_down'>('slow');
  #code: string;
  #say: (text: string, replyTo: number | null) => Promise<Refused | null>;

  constructor(
    code: string,
    say: (text: string, replyTo: number | null) => Promise<Refused | null>,
  ) {
    this.#code = code;
    this.#say = say;
    this.text = draftText.get(code);
  }

  write(text: string): void {
    this.text = text;
    this.trouble = null;
    draftText.set(this.#code, text);
  }

  /** Seconds until the next may be sent. */
  wait(now = performance.now()): number {
    return Math.max(0, Math.ceil((this.heldUntil - now) / 1000));
  }

  async send(rules: ChatRules): Promise<void> {
    const said = this.text.trim();
    if (!said || this.sending || this.wait() > 0) return;
    const reply = this.replyTo;
    this.sending = true;
    this.trouble = null;
    const before = this.text;
    const refused = await this.#say(said, reply?.id ?? null);
    this.sending = false;
    if (refused) {
      this.trouble = refused.message;
      if (refused.retryMs !== null && refused.retryMs > 0) {
        this.heldUntil = performance.now() + refused.retryMs;
        this.heldBy = refused.retryMs <= rules.slow_mode ? 'slow' : 'cool_down';
        this.trouble = null;
      }
      return;
    }
    // What was typed while this one was on its way stays.
    this.write(this.text.startsWith(before) ? this.text.slice(before.length) : this.text);
    if (this.replyTo === reply) this.replyTo = null;
    if (rules.slow_mode > 0) {
      this.heldUntil = performance.now() + rules.slow_mode;
      this.heldBy = 'slow';
    }
  }
}
