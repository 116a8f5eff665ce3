// How fast a file travels and how long it still takes, from what has been sent when. Pure.
import { span } from './phrases';

/** A speed is told from the last while: one that jumps with each packet can't be read. */
const WINDOW_MS = 8000;
/** Less than this says nothing yet. */
const LEAST_MS = 700;

export interface Sample {
  /** ms of any steady clock. */
  at: number;
  /** Bytes in all by then. */
  sent: number;
}

/** Keeps what is needed of the samples; one that goes back (sent anew after a cut) starts over. */
export function sampled(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && next.sent < last.sent) return [next];
  const fresh = samples.filter((one) => next.at - one.at <= WINDOW_MS);
  return [...fresh, next];
}

/** Bytes a second over the last while; null while that is not known. */
export function speedOf(samples: readonly Sample[], now: number): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) return null;
  const ms = now - first.at;
  return ms < LEAST_MS ? null : ((last.sent - first.sent) / ms) * 1000;
}

/** 1_234_567 -> "1.2 MB"; decimal units, as file managers have them. */
export function sizeText(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit += 1;
  } while (value >= 999.5 && unit < units.length - 1);
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Whole percent; 100 only when all is there. */
export function percent(sent: number, size: number): number {
  if (size <= 0 || sent >= size) return 100;
  return Math.min(99, Math.max(0, Math.floor((sent / size) * 100)));
}

/** "12 of 700 MB · 2.1 MB/s · 5 min left". */
export function travelText(sent: number, size: number, speed: number | null): string {
  const parts = [`${sizeText(sent)} of ${sizeText(size)}`];
  if (speed !== null && speed > 0) {
    parts.push(`${sizeText(speed)}/s`);
    parts.push(`${span(Math.max(1, (size - sent) / speed))} left`);
  }
  return parts.join(' · ');
}
