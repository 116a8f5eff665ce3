// Following a room that tells where it is: pure arithmetic, without a player and without a clock.

/** How a room stands: at `t` seconds at the instant `ts` (ms of the server's clock). */
export interface RoomState {
  t: number;
  paused: boolean;
  ts: number;
  /** Another one for another film. */
  rev: number;
  /** Nothing is on where it is null. */
  path: string | null;
}

/** Seconds by which a room must leave its line to have been sent elsewhere. */
const JUMP = 0.3;
/** Seconds off from which a player is sent there; less is caught up with unheard. */
const FAR = 1;
/** Seconds off that nobody sees. */
const NEAR = 0.04;
/** The most that the speed is changed by: nobody hears it with the pitch kept. */
const NUDGE = 0.05;

/** Seconds of a film that a page has before it goes on after a seek: 2 % of it, within these. */
const LEAST_AHEAD = 3;
const MOST_AHEAD = 12;
/** A film's last fraction of a second never counts as loaded. */
const END = 0.25;

/** Where the room is at `now` (ms of the server's clock). */
export function positionAt(state: RoomState, now: number): number {
  return state.paused ? state.t : Math.max(0, state.t + (now - state.ts) / 1000);
}

/** By how many seconds somebody moved the room between two of its states; 0 where it only went on. */
export function moved(before: RoomState, after: RoomState): number {
  if (before.rev !== after.rev) return 0;
  const by = after.t - positionAt(before, after.ts);
  return Math.abs(by) > JUMP ? by : 0;
}

/** What a player that is `off` seconds ahead (or behind, where negative) shall do. */
export function correction(off: number): { seek: true } | { rate: number } {
  if (Math.abs(off) > FAR) return { seek: true };
  if (Math.abs(off) < NEAR) return { rate: 1 };
  return { rate: 1 - Math.max(-NUDGE, Math.min(NUDGE, off / 4)) };
}

/** Whether a player with `ranges` (seconds from, to) of a film of this length can go on at `at` without a stop. */
export function isLoaded(ranges: [number, number][], at: number, duration: number): boolean {
  const wanted = Math.min(Math.max(LEAST_AHEAD, duration * 0.02), MOST_AHEAD);
  const until = Math.min(at + wanted, duration - END);
  return ranges.some(([from, to]) => from <= at + END && to >= until);
}

/** The server's clock, learned from answers to pings: the sample with the shortest way is the best. */
export class ServerClock {
  #offset: number | undefined;
  #way = Infinity;

  /** A ping sent and answered at these instants (ms of our clock), which the server stamped with `ts`. */
  learn(sent: number, heard: number, ts: number): void {
    const way = heard - sent;
    // A better sample ages: clocks drift, and machines sleep.
    this.#way *= 1.1;
    if (way > this.#way || way < 0) return;
    this.#way = way;
    this.#offset = ts - (sent + way / 2);
  }

  /** Before the first answer, a state that just came is taken for the clock. */
  guess(now: number, ts: number): void {
    this.#offset ??= ts - now;
  }

  at(now: number): number {
    return now + (this.#offset ?? 0);
  }
}

/** Seconds of a time as people write it: `75`, `1:15`, `1:02:30`. Null for what is none. */
export function seconds(text: string): number | null {
  const parts = text.trim().split(':');
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return null;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** A time as people read it. */
export function clock(time: number): string {
  const whole = Math.max(0, Math.floor(time));
  const two = (part: number): string => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}
