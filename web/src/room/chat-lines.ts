// Chat messages and quiet activity lines woven into one list, grouped by author; and
// the pieces of a message's text (links, mentions). Pure.
import type { ChatMessage, MemberId } from './model';
import type { Activity } from './activity.svelte';

export type Line =
  | { kind: 'message'; key: string; message: ChatMessage; first: boolean }
  | { kind: 'activity'; key: string; activity: Activity };

/** Messages of one person closer than this share one heading. */
const GROUP_MS = 120_000;

export function weave(chat: readonly ChatMessage[], activity: readonly Activity[]): Line[] {
  const lines: Line[] = [];
  let a = 0;
  let last: ChatMessage | null = null;
  const take = (until: number): void => {
    for (let next = activity[a]; next && next.at <= until; next = activity[++a]) {
      lines.push({ kind: 'activity', key: `a${next.id}`, activity: next });
      last = null;
    }
  };
  for (const message of chat) {
    take(message.at);
    const before = last as ChatMessage | null;
    const first =
      before === null ||
      before.by !== message.by ||
      before.name !== message.name ||
      message.at - before.at > GROUP_MS ||
      message.reply_to !== null;
    lines.push({ kind: 'message', key: `m${message.id}`, message, first });
    last = message;
  }
  take(Infinity);
  return lines;
}

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'mention'; text: string; me: boolean };

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

/** Splits a message's text; only http(s) addresses become links, only known names mentions. */
export function pieces(text: string, names: readonly string[], me: string): Piece[] {
  const out: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    mentions(text.slice(from, match.index), names, me, out);
    out.push({ kind: 'link', text: match[0], href: match[0] });
    from = match.index + match[0].length;
  }
  mentions(text.slice(from), names, me, out);
  return out;
}

function mentions(text: string, names: readonly string[], me: string, out: Piece[]): void {
  // The longest name first, so that "@Ann Lee" isn't read as "@Ann".
  const byLength = [...names].sort((a, b) => b.length - a.length);
  let plain = '';
  for (let i = 0; i < text.length;) {
    const name =
      text[i] === '@' && (i === 0 || /\s/.test(text[i - 1] ?? ' '))
        ? byLength.find(
            (each) => text.slice(i + 1, i + 1 + each.length).toLowerCase() === each.toLowerCase(),
          )
        : undefined;
    if (name === undefined) {
      plain += text[i];
      i += 1;
      continue;
    }
    if (plain) out.push({ kind: 'text', text: plain });
    plain = '';
    out.push({
      kind: 'mention',
      text: text.slice(i, i + 1 + name.length),
      me: name.toLowerCase() === me.toLowerCase(),
    });
    i += 1 + name.length;
  }
  if (plain) out.push({ kind: 'text', text: plain });
}

/** "Ann is typing", "Ann and Ben are typing". */
export function typingText(typing: readonly MemberId[], nameOf: (id: MemberId) => string): string {
  const [first, second] = typing.map(nameOf);
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing…`;
  if (typing.length === 2) return `${first} and ${second} are typing…`;
  return 'Several people are typing…';
}
