// The film of a staged party, following the room. The viewer may seek, change volume and speed, go fullscreen; what
// they do to play and pause is undone while the party says so.
import { correction, isLoaded, moved, positionAt, type RoomState, ServerClock } from './follow';
import { address } from './link';

/** How often the player is compared with the room. */
const LOOK_MS = 250;
/** A seek of ours lands within this many seconds of where it was sent. */
const LANDED = 0.5;
/** How often it is looked whether enough of the film is there after a host's seek. */
const GATHER_MS = 700;
/** A film that would not load is asked for again: somebody may be putting it there. */
const RETRY_MS = 2000;

export class Stage {
  readonly clock = new ServerClock();
  guid = '';
  /** Whether viewers' pauses are undone. */
  enforces = true;
  /** Goes along when the party skips. */
  follows = true;
  #state: RoomState | undefined;
  /** Seconds that the viewer chose to be ahead of the party, or behind. */
  #apart = 0;
  #sent: number | undefined;
  /** The viewer paused for themselves, where they may. */
  #held = false;
  #gathering: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly film: HTMLVideoElement,
    private readonly told: (what: { apart: boolean; blocked: boolean; empty: boolean }) => void,
  ) {
    film.addEventListener('pause', () => {
      this.#held = !this.enforces && this.#state?.paused === false && !film.ended;
      this.#undo();
    });
    film.addEventListener('play', () => this.#undo());
    film.addEventListener('seeking', () => this.#seeked());
    film.addEventListener('canplay', () => this.#step());
    film.addEventListener('error', () => setTimeout(() => this.#load(), RETRY_MS));
    setInterval(() => this.#step(), LOOK_MS);
  }

  /** Where the viewer is. */
  get at(): number {
    return this.film.currentTime;
  }

  get playing(): boolean {
    return this.#state?.paused === false && !this.film.paused;
  }

  hear(state: RoomState): void {
    this.clock.guess(Date.now(), state.ts);
    const before = this.#state;
    this.#state = state;
    if (before?.paused !== state.paused) this.#held = false;
    if (before?.rev !== state.rev) {
      this.#apart = 0;
      this.#held = false;
      this.#load();
    } else {
      const by = moved(before, state);
      if (by !== 0) this.#apart = this.follows ? 0 : this.#apart - by;
      // Gone on its own way, it was not told of the party's place: there it is near enough again.
      if (Math.abs(this.#apart) < LANDED) this.#apart = 0;
    }
    this.#step();
  }

  /** Calls `ready` once the film is there from `at` on; at once for who is elsewhere. */
  gather(at: number, rev: number, ready: () => void): void {
    clearInterval(this.#gathering);
    this.film.preload = 'auto';
    const look = (): void => {
      const { buffered, duration } = this.film;
      const ranges = Array.from({ length: buffered.length }, (_, number): [number, number] => [
        buffered.start(number),
        buffered.end(number),
      ]);
      const gone = this.#state?.rev !== rev;
      if (!gone && this.#apart === 0 && !isLoaded(ranges, at, duration)) return;
      clearInterval(this.#gathering);
      if (!gone) ready();
    };
    this.#gathering = setInterval(look, GATHER_MS);
    look();
  }

  /** To where the party is. */
  join(): void {
    this.#apart = 0;
    this.#step();
  }

  /** After a gesture: a browser that would not play with sound will now. */
  start(): void {
    void this.film.play();
    this.#step();
  }

  #load(): void {
    const state = this.#state;
    if (!state || state.path === null) {
      this.film.removeAttribute('src');
      this.film.load();
      this.#tell();
      return;
    }
    this.film.src = address('media/current.mp4', { v: String(state.rev), guid: this.guid }).href;
    this.film.load();
    this.#tell();
  }

  #target(): number {
    if (!this.#state) return 0;
    const at = positionAt(this.#state, this.clock.at(Date.now())) + this.#apart;
    const { duration } = this.film;
    return Math.max(0, Number.isFinite(duration) ? Math.min(at, duration) : at);
  }

  /** Puts play and pause right, then the place. */
  #step(): void {
    const { film } = this;
    if (
      !this.#state ||
      this.#state.path === null ||
      film.readyState < HTMLMediaElement.HAVE_METADATA
    ) {
      return;
    }
    this.#undo();
    const at = this.#target();
    const off = film.currentTime - at;
    if (film.seeking || film.ended) return;
    if (this.#state.paused) {
      if (Math.abs(off) > 0.1) this.#seek(at);
      return;
    }
    if (this.#held) return;
    const step = correction(off);
    if ('seek' in step) this.#seek(at);
    else film.playbackRate = step.rate;
  }

  #undo(): void {
    const { film } = this;
    if (!this.#state || film.ended || film.readyState < HTMLMediaElement.HAVE_METADATA) return;
    if (this.#state.paused) {
      if (!film.paused) film.pause();
    } else if (film.paused && (this.enforces || !this.#held)) {
      film.play().then(
        () => this.#tell(),
        (problem: unknown) => {
          const blocked = problem instanceof DOMException && problem.name === 'NotAllowedError';
          this.#tell(blocked);
        },
      );
    }
  }

  #seek(to: number): void {
    this.#sent = to;
    this.film.currentTime = to;
  }

  #seeked(): void {
    const at = this.film.currentTime;
    const ours = this.#sent !== undefined && Math.abs(at - this.#sent) < LANDED;
    this.#sent = undefined;
    if (ours || !this.#state) return;
    this.#apart += at - this.#target();
    this.#tell();
  }

  #tell(blocked = false): void {
    const empty = !this.#state || this.#state.path === null;
    this.told({ apart: this.#apart !== 0, blocked, empty });
  }
}
