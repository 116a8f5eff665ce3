// How long it is to a start, ticking. Pure.

const DAY_S = 86_400;

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
