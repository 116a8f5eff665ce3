// One visit to one room: joins the socket, the room's state and the player, and
// offers the gestures that components call. Everything reactive that a component
// reads about the room is a field here; the rules of applying events are in
// `apply.ts`, the sentences in `phrases.ts`, the player in `playback.svelte.ts`.
//
// Intent is not state: only the gestures below send commands. What the video
// element does by itself never reaches the room.
import { socketUrl } from '../net/api';
import type { Bye, Cause, Command, EventsFrame, ServerMessage, Welcome } from '../net/protocol';
import { holdSeat } from '../net/seat-guard';
import { type ConnectionState, Refused, RoomSocket } from '../net/socket';
import { guest, myRooms, seat } from '../net/storage';
import { applyFrame, fromSnapshot, isGoing, memberById, type RoomState, usableUndo } from './apply';
import type { MediaRef, MemberId, PolicyPatch, RoomEvent, Snapshot, Vital } from './model';
import { membersNews } from './members-news';
import { actText, nameOf } from './phrases';
import { Gestures } from './gestures';
import { Playback } from './playback.svelte';
import type { TimelineCause } from '../sync';
import { Toasts } from './toasts.svelte';

/** What happened, for the chat's quiet lines. */
export interface Activity {
  id: number;
  /** Server time of the (last) act, ms. */
  at: number;
  by: MemberId;
  text: string;
  count: number;
}

export interface Reaction {
  id: number;
  emoji: string;
  by: MemberId;
}

/** One person fiddling makes one line, not twenty. */
const ACTIVITY_GROUP_MS = 20_000;
const MAX_ACTIVITY = 60;
/** More flying at once than this is noise; the rest of a burst is left out. */
const MAX_REACTIONS = 24;
const REACTION_MS = 3600;
/** The sync engine treats a person's seek and another medium specially. */
const CAUSES: Record<Cause, TimelineCause> = {
  play: 'play',
  pause: 'pause',
  seek: 'seek',
  rate: 'rate',
  load: 'media',
  unload: 'media',
  undo: 'seek',
  start: 'play',
  end: 'other',
};
/** What somebody who looks for a moment does many times. */
const STEERING: readonly Cause[] = ['play', 'pause', 'seek', 'rate'];
const TYPING_MS = 5000;
const TYPING_EVERY_MS = 2000;
/** Signals come about once a second: for so long they may be older than the message. */
const SAID_MS = 1500;

export class Session {
  readonly code: string;
  connection = $state<ConnectionState>('connecting');
  /** Set once the first welcome came; stays while reconnecting. */
  state = $state.raw<RoomState | null>(null);
  /** Waiting for the host's word. */
  pending = $state(false);
  farewell = $state.raw<Bye | null>(null);
  vitals = $state.raw<Readonly<Record<MemberId, Vital>>>({});
  typing = $state.raw<MemberId[]>([]);
  activity = $state.raw<Activity[]>([]);
  reactions = $state.raw<Reaction[]>([]);
  serverVersion = $state('');
  readonly toasts = new Toasts();
  readonly playback: Playback;
  readonly do = new Gestures((command) => this.act(command));

  #socket: RoomSocket;
  #name = '';
  #hostKey: string | undefined;
  #password: string | undefined;
  #nextId = 1;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #typedAt = 0;
  /** Whether the last line of the activity told of steering, which goes together. */
  #steered = false;
  #saidAt: Record<MemberId, number> = {};
  #stops: (() => void)[] = [];
  #releaseSeat: (() => void) | null = null;

  constructor(code: string, hostKey: string | undefined) {
    this.code = code;
    this.#hostKey = hostKey;
    this.playback = new Playback({
      sendClock: (id, c) => this.#socket.send({ t: 'clock', id, c }),
      report: (report) => void this.#socket.send({ t: 'report', ...report }),
      ready: (item, ready) => void this.#quiet({ do: 'ready', item, ready }),
      duration: (item, duration) => {
        if (this.state?.room.you.rights.queue) void this.#quiet({ do: 'duration', item, duration });
      },
      refresh: () => this.#socket.open(),
    });
    this.#socket = new RoomSocket(socketUrl(code), {
      hello: () => ({
        name: this.#name,
        person: guest.token(),
        resume: seat.token(this.code),
        hostKey: this.#hostKey,
        password: this.#password,
      }),
      state: (state) => {
        this.connection = state;
      },
      welcome: (message) => this.#welcome(message),
      pending: (message) => {
        guest.setToken(message.person);
        seat.setToken(this.code, message.resume);
        this.pending = true;
      },
      message: (message) => this.#message(message),
      bye: (message) => this.#bye(message),
    });
    const wake = (): void => {
      if (document.visibilityState === 'visible') this.#socket.retryNow();
    };
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
    this.#stops.push(() => {
      removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
    });
  }

  get room(): Snapshot | null {
    return this.state?.room ?? null;
  }

  /** Takes a seat under this name; again with a password after `password_needed`. */
  join(name: string, password?: string): void {
    this.#name = name;
    this.#password = password;
    this.farewell = null;
    this.#socket.open();
  }

  /** Leaves the room and gives the seat up. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    seat.setToken(this.code, null);
    this.#releaseSeat?.();
    this.#socket.close();
  }

  // ---- gestures -----------------------------------------------------------------

  play(): void {
    const room = this.room;
    if (!room?.media) return;
    this.playback.unlock();
    if (!room.you.rights.play) return this.ask(true);
    if (isGoing(room)) return;
    void this.act({ do: 'play' });
  }

  pause(): void {
    const room = this.room;
    if (!room?.media) return;
    if (!room.you.rights.play) return this.ask(false);
    // The picture stops under the finger; the room's answer says where exactly.
    const position = this.playback.pauseNow();
    void this.act({ do: 'pause', ...(position === null ? {} : { position }) }).then((done) => {
      if (!done) this.playback.followTimeline();
    });
  }

  toggle(): void {
    const room = this.room;
    if (!room) return;
    if (isGoing(room)) this.pause();
    else this.play();
  }

  seek(position: number): void {
    const room = this.room;
    if (!room?.media) return;
    if (!room.you.rights.seek) {
      this.toasts.show('Only the host can skip in this room.', { key: 'right', tone: 'warn' });
      return;
    }
    const end = room.timeline.duration ?? Infinity;
    void this.act({ do: 'seek', position: Math.min(end, Math.max(0, position)) });
  }

  /** Relative to where the room is now. */
  skip(seconds: number): void {
    this.seek(this.playback.roomPosition() + seconds);
  }

  ask(play: boolean): void {
    const room = this.room;
    if (!room) return;
    const wish = play ? 'play' : 'pause';
    if (!room.you.rights.ask) {
      const text = `Only the host can ${wish} in this room.`;
      this.toasts.show(text, { key: 'right', tone: 'warn' });
      return;
    }
    void this.act({ do: 'ask', play }).then((done) => {
      if (done) this.toasts.show(`The host has been asked to ${wish}.`, { key: 'right' });
    });
  }

  load(media: MediaRef): void {
    this.playback.unlock();
    void this.act({ do: 'load', media, play: true });
  }

  say(text: string, replyTo: number | null): Promise<boolean> {
    return this.act({ do: 'say', text, ...(replyTo === null ? {} : { reply_to: replyTo }) });
  }

  /** Tells the others that something is being typed, no more often than the protocol allows. */
  typed(): void {
    const now = performance.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#socket.send({ t: 'typing' });
  }

  react(emoji: string): void {
    // One too many in a burst is simply not seen: no reason to scold.
    void this.#quiet({ do: 'react', emoji });
  }

  /** From the start once more. */
  async again(): Promise<void> {
    if (await this.act({ do: 'seek', position: 0 })) this.play();
  }

  setPolicy(patch: PolicyPatch): void {
    void this.act({ do: 'policy', patch });
  }

  /** Sends a command; a refusal becomes a toast. True when it was carried out. */
  async act(command: Command): Promise<boolean> {
    try {
      await this.#socket.command(command);
      return true;
    } catch (error) {
      const text = error instanceof Refused ? error.message : 'That did not work. Try again.';
      this.toasts.show(text, { key: 'refused', tone: 'warn' });
      return false;
    }
  }

  /** The bare command, for tests and the sync lab. */
  send(command: Command): Promise<number> {
    return this.#socket.command(command);
  }

  /** Cuts the connection as a lost network would; it comes back by itself. */
  dropConnection(): void {
    this.#socket.interrupt();
  }

  /** Sent by the page itself: nobody wants to hear that it was refused. */
  async #quiet(command: Command): Promise<void> {
    await this.#socket.command(command).catch(() => undefined);
  }

  // ---- what the server says --------------------------------------------------------

  #welcome(message: Welcome): void {
    guest.setToken(message.person);
    seat.setToken(this.code, message.resume);
    this.#releaseSeat?.();
    this.#releaseSeat = holdSeat(message.resume);
    this.serverVersion = message.server.version;
    this.pending = false;
    this.toasts.dropKeys('refused');
    this.playback.viewer = message.viewer;
    this.#replace(message.room);
    const me = memberById(message.room, message.member);
    if (me) guest.setName(me.name);
    myRooms.visit({
      code: message.room.code,
      name: message.room.name,
      ...(this.#hostKey ? { hostKey: this.#hostKey } : {}),
    });
    this.playback.connected(message.clock);
  }

  #replace(room: Snapshot): void {
    this.state = fromSnapshot(room);
    this.playback.setRoom(room, 'snapshot');
  }

  #message(message: ServerMessage): void {
    switch (message.t) {
      case 'events':
        return this.#events(message);
      case 'room':
        return this.#replace(message.room);
      case 'clock':
        return this.playback.clockAnswer(message);
      case 'signals': {
        const next = { ...this.vitals };
        for (const [id, skew, buffer, delay, state] of message.members)
          next[id] = { skew, buffer, delay, state };
        this.vitals = next;
        if (message.typing) this.#othersType(message.typing);
        return;
      }
      default:
    }
  }

  #events(frame: EventsFrame): void {
    if (!this.state) return;
    const before = this.state.room;
    const { state, fresh } = applyFrame(this.state, frame);
    if (fresh.length === 0 && state === this.state) return;
    this.state = state;
    const line = fresh.findLast((event) => event.event === 'timeline');
    this.playback.setRoom(state.room, line ? CAUSES[line.cause] : 'other');
    for (const event of fresh) this.#notice(event, before, state.room);
  }

  #notice(event: RoomEvent, before: Snapshot, room: Snapshot): void {
    const me = room.you.member;
    switch (event.event) {
      case 'timeline': {
        // Whatever was asked for, somebody has decided by now.
        this.toasts.dropKeys('asked-');
        this.toasts.dropKeys('right');
        const text = actText(room, event);
        if (!text || event.by === null) return;
        this.#note(event.by, text, event.timeline.at, STEERING.includes(event.cause));
        const undo = usableUndo(room, this.playback.serverNow());
        const worthUndo =
          event.cause === 'seek' || event.cause === 'load' || event.cause === 'unload';
        if (event.by === me && !(undo && worthUndo)) return;
        this.toasts.show(text, {
          key: 'timeline',
          action:
            undo && event.cause !== 'undo'
              ? { label: 'Undo', run: () => void this.act({ do: 'undo' }) }
              : null,
        });
        return;
      }
      case 'asked': {
        if (event.by === me || !room.you.rights.play) return;
        const wish = event.play ? 'play' : 'pause';
        this.toasts.show(`${nameOf(room, event.by)} asks to ${wish}`, {
          key: `asked-${event.by}`,
          forMs: 12_000,
          action: {
            label: event.play ? 'Play' : 'Pause',
            run: () => (event.play ? this.play() : this.pause()),
          },
        });
        return;
      }
      case 'members':
        for (const { key, text, undo } of membersNews(before, event))
          this.toasts.show(text, {
            key,
            action:
              undo === null || !room.you.rights.people
                ? null
                : { label: 'Lift the ban', run: () => void this.do.unban(undo) },
          });
        return;
      case 'knock': {
        const waiting = before.pending.map((member) => member.id);
        for (const id of waiting)
          if (!event.members.some((member) => member.id === id))
            this.toasts.dropKeys(`knock-${id}`);
        for (const member of event.members)
          if (!waiting.includes(member.id))
            this.toasts.show(`${member.name} wants to come in`, {
              key: `knock-${member.id}`,
              forMs: 20_000,
              action: {
                label: 'Let in',
                run: () => void this.act({ do: 'admit', member: member.id }),
              },
            });
        return;
      }
      case 'said':
        if (event.message.by !== null) this.#saidAt[event.message.by] = performance.now();
        this.typing = this.typing.filter((id) => id !== event.message.by);
        return;
      case 'reacted':
        this.#fly(event.by, event.emoji);
        return;
      default:
    }
  }

  #note(by: MemberId, text: string, at: number, steers: boolean): void {
    const last = this.activity.at(-1);
    const id = this.#nextId++;
    const fiddles = steers && this.#steered;
    this.#steered = steers;
    if (fiddles && last && last.by === by && at - last.at < ACTIVITY_GROUP_MS)
      this.activity = [...this.activity.slice(0, -1), { ...last, at, text, count: last.count + 1 }];
    else this.activity = [...this.activity, { id, at, by, text, count: 1 }].slice(-MAX_ACTIVITY);
  }

  #fly(by: MemberId, emoji: string): void {
    if (this.reactions.length >= MAX_REACTIONS) return;
    const id = this.#nextId++;
    this.reactions = [...this.reactions, { id, emoji, by }];
    setTimeout(() => {
      this.reactions = this.reactions.filter((each) => each.id !== id);
    }, REACTION_MS);
  }

  #othersType(list: MemberId[]): void {
    const me = this.room?.you.member;
    const now = performance.now();
    // A signal may tell of the very typing that has become a message since.
    const quiet = (id: MemberId): boolean => now - (this.#saidAt[id] ?? -Infinity) < SAID_MS;
    this.typing = list.filter((id) => id !== me && !quiet(id));
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => (this.typing = []), TYPING_MS);
  }

  #bye(message: Bye): void {
    if (message.again) return;
    this.pending = false;
    if (message.code !== 'replaced') seat.setToken(this.code, null);
    if (message.code === 'room_not_found' || message.code === 'room_over')
      myRooms.forget(this.code);
    this.farewell = message;
    this.playback.stop();
  }
}
