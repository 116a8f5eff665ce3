// Names completed after an `@`, and whether a message names somebody. Pure.
import type { ChatMessage, Member, Snapshot } from './model';
import { pieces } from './chat-lines';

export interface Naming {
  /** Where the `@` stands. */
  from: number;
  /** What follows it, up to the cursor. */
  query: string;
}

/** Names have spaces: a query may have one, and no line break. */
const NAMING = /(?:^|\s)@([^\s@]*(?: [^\s@]*)?)$/;
const MAX_OFFERED = 6;

/** The name that is being typed at the cursor, if any. */
export function namingAt(text: string, caret: number): Naming | null {
  const match = NAMING.exec(text.slice(0, caret));
  if (!match) return null;
  const query = match[1] ?? '';
  return { from: caret - query.length - 1, query };
}

/** Who could be meant: those whose name, or a word of it, begins so; present ones first. */
export function candidates(room: Snapshot, query: string): Member[] {
  const wanted = query.toLowerCase();
  const rank = (member: Member): number => {
    const name = member.name.toLowerCase();
    if (name.startsWith(wanted)) return 0;
    return name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return room.members
    .filter((member) => member.id !== room.you.member && rank(member) < 2)
    .sort(
      (a, b) =>
        rank(a) - rank(b) || Number(b.present) - Number(a.present) || a.name.localeCompare(b.name),
    )
    .slice(0, MAX_OFFERED);
}

/** The text with the name in place of what was typed, and where the cursor goes. */
export function completed(
  text: string,
  naming: Naming,
  name: string,
): { text: string; caret: number } {
  const head = `${text.slice(0, naming.from)}@${name} `;
  const tail = text.slice(naming.from + 1 + naming.query.length).replace(/^ /, '');
  return { text: head + tail, caret: head.length };
}

/** Whether a message names the viewer; the server's word counts where it gives one. */
export function namesMe(message: ChatMessage, room: Snapshot): boolean {
  const me = room.you.member;
  if (message.by === me || message.deleted) return false;
  if (message.mentions) return message.mentions.includes(me);
  const own = room.members.find((member) => member.id === me)?.name ?? '';
  const names = room.members.map((member) => member.name);
  return pieces(message.text, names, own).some((part) => part.kind === 'mention' && part.me);
}
