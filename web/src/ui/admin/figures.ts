// Numbers and acts as an operator reads them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 1536 -> "1.5 KiB". */
export function bytes(count: number | null): string {
  if (count === null) return 'unknown';
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Bytes a second as lines are sold: 2500000 -> "20 Mbit/s". */
export function rate(bytesPerSecond: number): string {
  const bits = bytesPerSecond * 8;
  if (bits >= 1e9) return `${(bits / 1e9).toFixed(1)} Gbit/s`;
  if (bits >= 1e6)
    return `${bits >= 1e7 ? Math.round(bits / 1e6) : (bits / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bits / 1e3)} kbit/s`;
}

/** "login_refused" -> "login refused". */
export function actText(act: string): string {
  return act.replaceAll('_', ' ');
}

/** Levels by weight: choosing one shows it and everything heavier. */
export const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type Level = (typeof LEVELS)[number];

/** Whether a line is heavy enough; a level that we don't know is always shown. */
export function passes(level: string, least: Level): boolean {
  const weight = LEVELS.indexOf(level.toLowerCase() as Level);
  return weight <= LEVELS.indexOf(least);
}

/** A line's fields, as `key=value`. */
export function fieldsText(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
