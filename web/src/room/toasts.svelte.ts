// Short notes over the picture. At most a few at a time; a new one with the same
// key replaces the old, so that somebody who skips ten times makes one toast.

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  key: string;
  text: string;
  tone: 'plain' | 'warn';
  actions: readonly ToastAction[];
  timer: ReturnType<typeof setTimeout>;
}

const MAX_SHOWN = 3;
const SHOWN_MS = 5000;

export class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;

  show(
    text: string,
    options: {
      key?: string;
      tone?: Toast['tone'];
      actions?: Toast['actions'];
      forMs?: number;
    } = {},
  ): void {
    const id = this.#next++;
    const key = options.key ?? `#${id}`;
    const toast: Toast = {
      id,
      key,
      text,
      tone: options.tone ?? 'plain',
      actions: options.actions ?? [],
      timer: setTimeout(() => this.drop(id), options.forMs ?? SHOWN_MS),
    };
    this.list = [...this.list.filter((other) => other.key !== key), toast].slice(-MAX_SHOWN);
  }

  drop(id: number): void {
    clearTimeout(this.list.find((toast) => toast.id === id)?.timer);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Drops all whose key begins so. */
  dropKeys(start: string): void {
    for (const toast of this.list) if (toast.key.startsWith(start)) this.drop(toast.id);
  }
}
