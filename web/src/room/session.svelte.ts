// One visit to one room: joins the socket, the room's state and the player, and
// offers the gestures that components call. Everything reactive that a component
// reads about the room is a field here; the rules of applying events are in
// `apply.ts`, the sentences in `phrases.ts`, the player in `playback.svelte.ts`.
//
// Intent is not state: only the gestures below send commands. What the video
// element does by itself never reaches the room.
import { library, socketUrl } from '../net/api';
import type { Bye, Cause, Command, EventsFrame, ServerMessage, Welcome } from '../net/protocol';
import { holdSeat } from '../net/seat-guard';
import { type ConnectionState, Refused, RoomSocket } from '../net/socket';
import { guest, myRooms, seat } from '../net/storage';
import type { TimelineCause } from '../sync';
import { Activities } from './activity.svelte';
import { applyFrame, fromSnapshot, isGoing, memberById, type RoomState } from './apply';
import { Desk } from './desk.svelte';
import { Draft } from './draft.svelte';
import { Gestures } from './gestures';
import { History } from './history.svelte';
import type {
  ChatMessage,
  MediaRef,
  MemberId,
  PolicyPatch,
  QueuedMedia,
  ReactionNote,
  RoomEvent,
  Snapshot,
  Vital,
} from './model';
import { Notices } from './notices';
import { Playback } from './playback.svelte';
import { entryOf, mediaRef, type PlaylistEntry } from './playlist';
import { addAll, type Imported, importText } from './queue-import';
import { whoMay } from './rights-words';
import { Sky } from './sky.svelte';
import { Spoilers, tooEarly, type Where } from './spoilers.svelte';
import { Toasts } from './toasts.svelte';
import { Typing } from './typing.svelte';
import { Uploads } from './uploads.svelte';

/** The sync engine treats a person's seek and another medium specially. */
const CAUSES: Record<Cause, TimelineCause> = {
  play: 'play',
  pause: 'pause',
  seek: 'seek',
  rate: 'rate',
  load: 'media',
  unload: 'media',
  undo: 'seek',
  steer: 'other',
  start: 'play',
  end: 'other',
  duration: 'other',
  hold: 'pause',
  arrival: 'other',
};
const NO_CHAT: readonly ChatMessage[] = [];
/** A queue is worth more thought than a seek. */
const CLEARED_MS = 12_000;

export class Session {
  readonly code: string;
  connection = $state<ConnectionState>('connecting');
  /** Set once the first welcome came; stays while reconnecting. */
  state = $state.raw<RoomState | null>(null);
  /** Waiting for the host's word. */
  pending = $state(false);
  farewell = $state.raw<Bye | null>(null);
  vitals = $state.raw<Readonly<Record<MemberId, Vital>>>({});
  serverVersion = $state('');
  readonly toasts = new Toasts();
  readonly activity = new Activities();
  readonly sky = new Sky();
  readonly spoilers = new Spoilers();
  readonly history: History;
  readonly desk: Desk;
  readonly draft: Draft;
  readonly playback: Playback;
  readonly uploads: Uploads;
  readonly typing = new Typing(() => void this.#socket.send({ t: 'typing' }));
  readonly do = new Gestures((command) => this.act(command));
  /** All that is known of the chat, the oldest first. */
  readonly chat = $derived.by(() => this.history.all(this.room?.chat ?? NO_CHAT));
  /** What the viewer may read of it by now. */
  readonly reading = $derived.by(() =>
    this.spoilers.read(this.chat, () => this.here, this.room?.you.member ?? null),
  );

  #socket: RoomSocket;
  #name = '';
  #hostKey: string | undefined;
  #password: string | undefined;
  #invite: string | undefined;
  #notices: Notices;
  #stops: (() => void)[] = [];
  #releaseSeat: (() => void) | null = null;

  constructor(code: string, hostKey: string | undefined, invite?: string) {
    this.code = code;
    this.#hostKey = hostKey;
    this.#invite = invite;
    this.history = new History(code);
    this.desk = new Desk(code);
    this.draft = new Draft(code, (text, replyTo) => this.say(text, replyTo));
    this.playback = new Playback({
      code,
      sendClock: (id, c) => this.#socket.send({ t: 'clock', id, c }),
      report: (report) => void this.#socket.send({ t: 'report', ...report }),
      ready: (item, ready) => void this.#quiet({ do: 'ready', item, ready }),
      duration: (item, duration) => {
        if (this.state?.room.you.rights.queue) void this.#quiet({ do: 'duration', item, duration });
      },
      refresh: () => this.#socket.open(),
      arrival: (key) => this.uploads.arrival(key),
      fingerprint: (item, fingerprint) =>
        void this.#quiet({ do: 'fingerprint', item, fingerprint }),
    });
    this.uploads = new Uploads(code, {
      room: () => this.room,
      starving: () => this.playback.buffering && this.room?.media?.kind !== 'upload',
      place: (key, title) => this.#place(key, title),
      unplace: (key) => {
        for (const { item, media } of this.room?.queue ?? [])
          if (media.kind === 'upload' && media.key === key) void this.do.queueRemove(item);
      },
    });
    this.#notices = new Notices({
      toasts: this.toasts,
      activity: this.activity,
      do: this.do,
      play: () => this.play(),
      pause: () => this.pause(),
      serverNow: () => this.playback.serverNow(),
    });
    this.#socket = new RoomSocket(socketUrl(code), {
      hello: () => ({
        name: this.#name,
        person: guest.token(),
        resume: seat.token(this.code),
        hostKey: this.#hostKey,
        password: this.#password,
        invite: this.#invite,
      }),
      state: (state) => {
        this.connection = state;
      },
      welcome: (message) => this.#welcome(message),
      pending: (message) => {
        if (message.person) guest.setToken(message.person);
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

  /** Where the viewer is in the film, which in free mode is not where the room is. */
  get here(): Where {
    return { item: this.room?.timeline.item ?? null, position: this.playback.position };
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
    this.uploads.dispose();
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
      this.toasts.show(whoMay(room.policy, 'seek'), { key: 'right', tone: 'warn' });
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
      this.toasts.show(whoMay(room.policy, 'play'), { key: 'right', tone: 'warn' });
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

  /** Null when it was said; else why not, to be told where it was written. */
  async say(text: string, replyTo: number | null): Promise<Refused | null> {
    try {
      await this.#socket.command({
        do: 'say',
        text,
        ...(replyTo === null ? {} : { reply_to: replyTo }),
      });
      return null;
    } catch (error) {
      if (error instanceof Refused) return error;
      return new Refused('failed', 'That did not work. Try again.');
    }
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

  /** Replaces what one has in the random pool. */
  async offerToPool(media: readonly QueuedMedia[]): Promise<boolean> {
    const refs = media.map(mediaRef).filter((ref) => ref !== null);
    const done = await this.do.poolOffer(refs);
    const state = this.state;
    // Nobody else hears what one offers: only the counts are told.
    if (done && state)
      this.state = {
        ...state,
        room: { ...state.room, pool: { ...state.room.pool, yours: [...media] } },
      };
    return done;
  }

  /** Puts many things into the queue, one after another. */
  addAll(entries: readonly PlaylistEntry[]): Promise<Imported> {
    return addAll(entries, {
      add: (media) => this.#socket.command({ do: 'queue_add', media }),
      find: async (title) => {
        const { items } = await library(title);
        const wanted = title.toLowerCase();
        return items.find((item) => item.title.toLowerCase() === wanted)?.id ?? null;
      },
    });
  }

  /** Empties the queue; for a while it can be had back. */
  async clearQueue(): Promise<void> {
    const before = (this.room?.queue ?? []).map(({ media }) => entryOf(media));
    const entries = before.filter((entry) => entry !== null);
    if (!(await this.do.queueClear())) return;
    this.toasts.show(`The queue of ${before.length} is empty now.`, {
      key: 'queue-cleared',
      forMs: CLEARED_MS,
      actions: [
        {
          label: 'Undo',
          run: () =>
            void this.addAll(entries).then((done) => {
              if (done.stopped || done.missing.length > 0)
                this.toasts.show(importText(done), { key: 'queue-cleared', tone: 'warn' });
            }),
        },
      ],
    });
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

  /** A film that somebody here brought can be watched now. */
  async #place(key: string, title: string): Promise<boolean> {
    const room = this.room;
    if (!room) return false;
    const media = { kind: 'upload', key } as const;
    const there = [room.media, ...room.queue.map((entry) => entry.media)];
    if (there.some((each) => each?.kind === 'upload' && each.key === key)) return true;
    const now = room.media === null && room.queue.length === 0;
    const done = await this.act(now ? { do: 'load', media } : { do: 'queue_add', media });
    if (done)
      this.toasts.show(
        now
          ? `“${title}” is on. You can watch while the rest arrives.`
          : `“${title}” is in the queue, and can be watched while the rest arrives.`,
        { key: `upload-${key}` },
      );
    return done;
  }

  /** Sent by the page itself: nobody wants to hear that it was refused. */
  async #quiet(command: Command): Promise<void> {
    await this.#socket.command(command).catch(() => undefined);
  }

  // ---- what the server says --------------------------------------------------------

  #welcome(message: Welcome): void {
    if (message.person) guest.setToken(message.person);
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
    this.history.tailMoved(this.room?.chat ?? [], room.chat);
    this.desk.forget();
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
        if (message.typing) this.typing.others(message.typing, this.room?.you.member);
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
    this.history.tailMoved(before.chat, state.room.chat);
    const line = fresh.findLast((event) => event.event === 'timeline');
    this.playback.setRoom(state.room, line ? CAUSES[line.cause] : 'other');
    for (const event of fresh) this.#notice(event, before, state.room);
  }

  #notice(event: RoomEvent, before: Snapshot, room: Snapshot): void {
    switch (event.event) {
      case 'said':
        return this.typing.said(event.message.by);
      case 'deleted':
        return this.history.deleted(event.message);
      case 'reacted':
        return this.sky.take([event], 0, (note) => this.#early(note));
      case 'reactions':
        return this.sky.take(event.list, event.more, (note) => this.#early(note));
      case 'acted':
        return this.desk.acted(event.act);
      default:
        this.#notices.notice(event, before, room);
    }
  }

  #early(note: ReactionNote): boolean {
    return this.spoilers.on && tooEarly(note, this.here);
  }

  /** Called as the own position moves: applause that waited for its moment. */
  reached(): void {
    this.sky.reached(this.here.item, (note) => this.#early(note));
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
