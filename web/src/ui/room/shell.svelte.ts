// What is open on the room page: which dialog, which tab, whether the panel shows,
// fullscreen. Nothing of the room itself.
import { setting } from '../../net/storage';
import type { ChatMessage, Member } from '../../room/model';

export type Tab = 'chat' | 'people' | 'queue' | 'room';
export type DialogName =
  | 'invite'
  | 'sync'
  | 'picture'
  | 'subtitles'
  | 'chapters'
  | 'keys'
  | 'add'
  | 'lists'
  | 'pool'
  | 'end'
  | 'report'
  | 'hand_over'
  | 'ban'
  | 'rights';
/** What the people's tab shows; the latter two are the moderators'. */
export type Desk = 'here' | 'reports' | 'acts';
/** Whom or what a dialog is about. */
export interface Subject {
  member?: Member;
  message?: ChatMessage;
}

/** A phone held upright has the panel under the picture, always; one on its side has no room. */
const upright = matchMedia('(max-width: 820px) and (orientation: portrait)');
const flat = matchMedia('(max-height: 480px) and (orientation: landscape)');

function panelFits(): boolean {
  if (upright.matches) return true;
  return !flat.matches && setting.get('panel') !== 'off';
}

export class Shell {
  tab = $state<Tab>('chat');
  panel = $state(panelFits());
  dialog = $state<DialogName | null>(null);
  subject = $state.raw<Subject>({});
  desk = $state<Desk>('here');
  fullscreen = $state(false);
  /** Raised to put the cursor into the chat field, wherever that is now. */
  chatFocus = $state(0);
  /** Chat lines that came in unseen. */
  unread = $state(0);
  /** How many of those name the viewer. */
  named = $state(0);
  #panelBefore = true;
  #root: HTMLElement | null = null;

  attach(root: HTMLElement): () => void {
    this.#root = root;
    const changed = (): void => {
      const now = document.fullscreenElement !== null;
      if (now === this.fullscreen) return;
      this.fullscreen = now;
      if (now) {
        this.#panelBefore = this.panel;
        this.panel = false;
      } else this.panel = this.#panelBefore;
    };
    const turned = (): void => {
      if (!this.fullscreen) this.panel = panelFits();
    };
    document.addEventListener('fullscreenchange', changed);
    upright.addEventListener('change', turned);
    flat.addEventListener('change', turned);
    return () => {
      document.removeEventListener('fullscreenchange', changed);
      upright.removeEventListener('change', turned);
      flat.removeEventListener('change', turned);
    };
  }

  togglePanel(): void {
    this.panel = !this.panel;
    if (!this.fullscreen && !flat.matches) setting.set('panel', this.panel ? null : 'off');
  }

  show(tab: Tab): void {
    this.tab = tab;
    if (!this.panel) this.togglePanel();
  }

  /** Whether chat lines are being seen as they come. */
  get reading(): boolean {
    return this.panel && this.tab === 'chat';
  }

  read(): void {
    this.unread = 0;
    this.named = 0;
  }

  open(dialog: DialogName, subject: Subject = {}): void {
    this.subject = subject;
    this.dialog = dialog;
  }

  focusChat(): void {
    if (this.panel) this.tab = 'chat';
    this.chatFocus += 1;
  }

  /** The whole room goes full screen, so that chat and dialogs come along. */
  async toggleFullscreen(video: HTMLVideoElement | null): Promise<void> {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (this.#root?.requestFullscreen) return this.#root.requestFullscreen().catch(() => undefined);
    // iPhones can only put the bare video there.
    (
      video as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null
    )?.webkitEnterFullscreen?.();
  }
}
