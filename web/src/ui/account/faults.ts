// Which field of a form a refusal belongs to, and the sentence that stands there.
import { ApiError, sentence } from '../../net/request';

export type FieldName = 'email' | 'name' | 'password' | 'old';

export interface Fault {
  /** Null: it is about the whole form. */
  field: FieldName | null;
  text: string;
}

const FIELDS: Record<string, FieldName> = {
  bad_email: 'email',
  email_taken: 'email',
  bad_text: 'name',
  bad_password: 'password',
};

/** At sign-up and in the settings; `wrong_credentials` there means the password of now. */
export function faultOf(error: unknown): Fault {
  const code = error instanceof ApiError ? error.code : '';
  const field = code === 'wrong_credentials' ? 'old' : (FIELDS[code] ?? null);
  return { field, text: sentence(error) };
}

/** Shortest and longest password that the server takes. */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 256;

/** What can be said about a new password without asking; null: nothing against it. */
export function passwordFault(password: string): string | null {
  const bytes = new TextEncoder().encode(password).length;
  if (bytes < PASSWORD_MIN) return `Use at least ${PASSWORD_MIN} characters.`;
  if (bytes > PASSWORD_MAX) return `Use at most ${PASSWORD_MAX} bytes.`;
  return null;
}

/** The whole rule is the server's; this catches what was left half typed. */
export function emailFault(email: string): string | null {
  return /^[^\s@]+@[^\s@]+$/.test(email.trim())
    ? null
    : 'That is not an e-mail address: something@somewhere.';
}

export function nameFault(name: string): string | null {
  return name.trim() === '' ? 'Say what the others shall call you.' : null;
}

/** "Chrome on Windows" from what a browser calls itself; the start of the text where it is none we know. */
export function deviceName(agent: string | null): string {
  if (!agent) return 'Unknown device';
  const browser = (
    [
      ['Edg', 'Edge'],
      ['OPR', 'Opera'],
      ['Firefox', 'Firefox'],
      ['FxiOS', 'Firefox'],
      ['CriOS', 'Chrome'],
      ['Chrome', 'Chrome'],
      ['Safari', 'Safari'],
    ] as const
  ).find(([mark]) => agent.includes(`${mark}/`))?.[1];
  const system = (
    [
      ['iPhone', 'iPhone'],
      ['iPad', 'iPad'],
      ['Android', 'Android'],
      ['CrOS', 'ChromeOS'],
      ['Windows', 'Windows'],
      ['Mac OS X', 'Mac'],
      ['Linux', 'Linux'],
    ] as const
  ).find(([mark]) => agent.includes(mark))?.[1];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? agent.slice(0, 60);
}
