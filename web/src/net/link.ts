// Reading what people paste and open: room links, codes, and the parts of a room's
// address (`/r/CODE?name=Ann#host=KEY`, `#invite=TOKEN`). Lenient, because links get mangled on
// their way through chats: a key ends at the first character that can't be in one.

export interface RoomLink {
  code: string;
  hostKey: string | null;
  /** A counted or expiring invitation. */
  invite: string | null;
  name: string | null;
}

/** Codes are told apart without case and hyphens; kept as given but for case. */
const CODE = /^[a-z0-9][a-z0-9-]{1,63}$/i;

/** The room that an address means, or null for any other page. */
export function readRoomUrl(url: URL): RoomLink | null {
  const match = /\/r\/([^/?#]+)\/?$/.exec(url.pathname);
  if (!match?.[1]) return null;
  let code: string;
  try {
    code = decodeURIComponent(match[1]);
  } catch {
    code = match[1];
  }
  const hash = url.hash.replace(/^#/, '');
  const hostKey = /(?:^|[&?;])host=([A-Za-z0-9_-]+)/.exec(hash)?.[1] ?? null;
  const invite = /(?:^|[&?;])invite=([A-Za-z0-9_.-]+)/.exec(hash)?.[1] ?? null;
  const named = url.searchParams.get('name') ?? /(?:^|[&?;])name=([^&#]*)/.exec(hash)?.[1] ?? null;
  return {
    code: code.toLowerCase(),
    hostKey,
    invite,
    name: named === null ? null : cleanName(named),
  };
}

/** A code or a whole invite link, as typed into the join field; null if it is neither. */
export function readCodeOrLink(text: string): RoomLink | null {
  const trimmed = text.trim();
  if (trimmed.includes('/')) {
    try {
      return readRoomUrl(new URL(trimmed.includes('://') ? trimmed : `http://${trimmed}`));
    } catch {
      return null;
    }
  }
  const code = trimmed.replace(/\s+/g, '-').toLowerCase();
  return CODE.test(code) ? { code, hostKey: null, invite: null, name: null } : null;
}

/** Two spellings of one code are one room. */
export function sameCode(a: string, b: string): boolean {
  return bareCode(a) === bareCode(b);
}

export function bareCode(code: string): string {
  return code.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function cleanName(raw: string): string | null {
  let name = raw;
  try {
    name = decodeURIComponent(raw.replace(/\+/g, ' '));
  } catch {
    // A stray percent sign: the name is meant as it stands.
  }
  name = name.trim().slice(0, 40);
  return name === '' ? null : name;
}
