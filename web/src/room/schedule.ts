// A scheduled start in words and in a form's field. Times are the reader's own. Pure.

const DAY_S = 86_400;

/** Instant (ms) to what `<input type="datetime-local">` holds, to the minute. */
export function toField(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** And back; null for what is no time. */
export function fromField(value: string): number | null {
  if (!value) return null;
  const at = new Date(value).getTime();
  return Number.isFinite(at) ? at : null;
}

/** "Saturday, 21 November, 20:30" as the reader's language writes it. */
export function whenText(at: number): string {
  return new Date(at).toLocaleString([], {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** Time to go: "2 days 3 h", "1:02:03", "4:05". */
export function countdownText(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(whole / DAY_S);
  const hours = Math.floor(whole / 3600) % 24;
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'}${hours > 0 ? ` ${hours} h` : ''}`;
  const minutes = Math.floor(whole / 60) % 60;
  const seconds = String(whole % 60).padStart(2, '0');
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`
    : `${minutes}:${seconds}`;
}
