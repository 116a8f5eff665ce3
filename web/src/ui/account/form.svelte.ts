// A form on its way to the server: what is wrong with which field, and that it is being sent.
import { faultOf } from './faults';

export class Form<Field extends string> {
  busy = $state(false);
  /** By field; `form` is about the whole. */
  fault = $state.raw<Partial<Record<Field | 'form', string>>>({});

  /**
   * Sends unless a field has something against it. `checked` names every field, with what is wrong with it or null;
   * what the server says about another stands at the whole form. True when it went through.
   */
  async send(
    checked: Readonly<Record<Field, string | null>>,
    work: () => Promise<void>,
  ): Promise<boolean> {
    const wrong = Object.entries<string | null>(checked).filter(([, text]) => text !== null);
    this.fault = Object.fromEntries(wrong) as Partial<Record<Field | 'form', string>>;
    if (wrong.length > 0) return false;
    this.busy = true;
    try {
      await work();
      return true;
    } catch (error) {
      const { field, text } = faultOf(error);
      const at = field !== null && field in checked ? field : 'form';
      this.fault = { [at]: text } as Partial<Record<Field | 'form', string>>;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
