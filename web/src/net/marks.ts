// What the seek bar shows of a film: its chapters, and where small pictures of it are.
import { call } from './request';

export interface Chapter {
  /** s */
  start: number;
  /** s */
  end: number;
  /** Empty where it has none. */
  title: string;
  /** What its name says that can be skipped. */
  kind: 'intro' | 'recap' | 'credits' | null;
}

/** Pictures of a film at equal steps, on sheets of `columns` × `rows`. */
export interface Sheets {
  /** Seconds from one to the next. */
  step: number;
  columns: number;
  rows: number;
  /** Pixels of one. */
  width: number;
  height: number;
  /** Pictures in all. */
  count: number;
  /** Addresses relative to the page's base, in order. */
  sheets: string[];
}

export interface MarksAnswer {
  chapters: Chapter[];
  previews: Sheets | null;
}

/** Of the film at `address` (as `mediaAddress` gives it). */
export function marksOf(address: string): Promise<MarksAnswer> {
  const url = new URL(address);
  url.pathname += '/marks';
  return call<MarksAnswer>(url.href);
}
