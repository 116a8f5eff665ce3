// The player, as the page sees it: binds the sync engine to the one <video>, feeds
// it the room's timeline and tells components, reactively, what it does.
//
// The engine decides when and how fast to play; this class decides which source is
// loaded and turns the engine's status into fields. It sends nothing by itself but
// reports, readiness and a learned duration: facts, never wishes.
import type { ClockAnswer, PlayerState, Report } from '../net/protocol';
import { mediaAddress } from '../net/media-address';
import { type MediaWait, mediaWait } from '../net/media-wait';
import { setting } from '../net/storage';
import {
  browserEnvironment,
  type HistoryPoint,
  type LabSink,
  SyncEngine,
  type SyncClassName,
  type SyncReport,
  type SyncState,
  type SyncStatus,
  type TimelineCause,
  VideoPlayer,
} from '../sync';
import { abilities } from './abilities';
import { positionAt } from './apply';
import type { ItemId, RoomMedia, Snapshot } from './model';
import { Prewarm, wanted } from './prewarm';
import { Source } from './source.svelte';
import { Subtitles } from './subtitles.svelte';
import type { Arriving } from './uploads.svelte';

/** A film waits this long for the clock at most, ms: a burst over three times the distance of the far side. */
const TIMING_MS = 1_200;

/** The choices people get, from closest to loosest; the engine knows more for machines. */
export const FOLLOW_CLASSES = ['same-room', 'normal', 'relaxed', 'free'] as const;
export type FollowClass = (typeof FOLLOW_CLASSES)[number];

export interface PlaybackLinks {
  sendClock: (id: number, c: number) => boolean;
  report: (report: Report) => void;
  ready: (item: ItemId, ready: boolean) => void;
  duration: (item: ItemId, seconds: number) => void;
  /** Asks for a fresh snapshot, whose media address has not expired. */
  refresh: () => void;
  /** How far an upload has come; null where all of it is there. */
  arrival: (key: string) => Promise<Arriving | null>;
}

const STATES: Record<SyncState, PlayerState | null> = {
  waiting: null,
  holding: 'holding',
  playing: 'playing',
  paused: 'paused',
  buffering: 'buffering',
  seeking: 'seeking',
  'needs-gesture': 'blocked',
  hidden: 'hidden',
  ended: 'paused',
  error: 'error',
};

/** Loaded ahead of the position before a player calls itself ready, s; and how close to it. */
const READY_BUFFER_S = 2;
const READY_SLACK_S = 0.5;
/** Several members may learn a length at once; the first is enough. */
const DURATION_SPREAD_MS = 1500;
/** A single frame of silence between stalls isn't worth a word on screen. */
const BUFFERING_SHOWN_MS = 450;

/** While an upload starves its viewers: how often to ask how far it has come. */
const ARRIVAL_MS = 2000;

const READY_EVENTS = ['canplay', 'canplaythrough', 'seeked', 'progress'] as const;

function storedClass(): FollowClass {
  const stored = setting.get('class');
  return FOLLOW_CLASSES.find((name) => name === stored) ?? 'normal';
}

export class Playback {
  status = $state.raw<SyncStatus | null>(null);
  position = $state(0);
  /** Server time, ms, about five times a second: for countdowns. */
  now = $state(0);
  duration = $state<number | null>(null);
  bufferedEnd = $state(0);
  loaded = $state(false);
  buffering = $state(false);
  /** The file is still being written on the server: tried again by itself. */
  copying = $state(false);
  /** Nothing to show because the rest of an upload has not come yet. */
  arriving = $state.raw<Arriving | null>(null);
  volume = $state(Number(setting.get('volume') ?? '1') || 1);
  muted = $state(false);
  followClass = $state<FollowClass>(storedClass());
  /** ms, positive: this player runs ahead of the room, for slow loudspeakers. */
  offset = $state(Number(setting.get('offset') ?? '0') || 0);

  #links: PlaybackLinks;
  #engine: SyncEngine | null = null;
  #video: HTMLVideoElement | null = null;
  #room: Snapshot | null = null;
  #item: ItemId | null = null;
  #timelineRev = -1;
  #clockId = 1;
  #clockBase = Date.now() - performance.now();
  #readySent: boolean | null = null;
  #dryAt: number | null = null;
  #freshWanted = false;
  /** The error of this source has been looked into. */
  #lookedInto = false;
  #arrivalAsked = -Infinity;
  #prewarm = new Prewarm();
  /** Where the film comes from. */
  readonly source = new Source();
  readonly subtitles = new Subtitles();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** What is loaded as soon as the clock is known; see `ServerClock.settled`. */
  #untimed: RoomMedia | null = null;
  #timedOnce = false;
  #timingTimer: ReturnType<typeof setTimeout> | undefined;

  /** Who fetches media; see `Welcome.viewer`. */
  viewer = '';

  constructor(links: PlaybackLinks) {
    this.#links = links;
  }

  get skew(): number | null {
    return this.status?.skewMs ?? null;
  }

  get state(): PlayerState | null {
    return this.status ? STATES[this.status.state] : null;
  }

  get history(): readonly HistoryPoint[] {
    return this.#engine?.history ?? [];
  }

  get blocked(): boolean {
    return this.status?.state === 'needs-gesture';
  }

  get soundBlocked(): boolean {
    return this.status?.soundBlocked ?? false;
  }

  get problem(): string | null {
    return this.source.problem ?? this.status?.error ?? null;
  }

  /** Binds the page's video; returns the unbinder. */
  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    video.volume = this.volume;
    const lab = (window as { __watchalongLab?: LabSink }).__watchalongLab;
    const engine = new SyncEngine({
      player: new VideoPlayer(video),
      env: browserEnvironment(),
      transport: {
        requestClock: (c0) => void this.#links.sendClock(this.#clockId++, c0),
        report: (report) => this.#report(report),
      },
      syncClass: this.followClass,
      lab,
    });
    this.#engine = engine;
    engine.setOffset(this.offset);
    engine.onStatus((status) => this.#told(status));
    const volume = (): void => {
      this.muted = video.muted;
      this.volume = video.volume;
    };
    // What may be chosen of the film, once its beginning is there: nothing waits for it.
    const look = (): void => void this.#lookAtTracks();
    video.addEventListener('volumechange', volume);
    const ready = (): void => this.#checkReady();
    video.addEventListener('loadeddata', look);
    for (const name of READY_EVENTS) video.addEventListener(name, ready);
    engine.start();
    void abilities(); // known before the first film comes
    if (this.#room) this.setRoom(this.#room, 'snapshot');
    return () => {
      video.removeEventListener('volumechange', volume);
      video.removeEventListener('loadeddata', look);
      for (const name of READY_EVENTS) video.removeEventListener(name, ready);
      clearTimeout(this.#retryTimer);
      clearTimeout(this.#timingTimer);
      this.#untimed = null;
      this.#prewarm.stop();
      this.source.stop();
      engine.dispose();
      this.#engine = null;
      this.#video = null;
      this.#item = null;
      video.removeAttribute('src');
      video.load();
    };
  }

  // ---- what the room says ---------------------------------------------------------

  setRoom(room: Snapshot, cause: TimelineCause = 'other'): void {
    this.#room = room;
    this.duration = room.timeline.duration ?? room.media?.duration ?? this.#ownDuration();
    const engine = this.#engine;
    if (!engine) return;
    const item = room.media ? room.timeline.item : null;
    if (item !== this.#item) {
      this.#item = item;
      this.#readySent = null;
      this.loaded = false;
      this.copying = false;
      this.arriving = null;
      this.#prewarm.stop();
      this.#source(room.media);
      this.#follow(item === null ? 'other' : 'media');
    } else if (cause === 'snapshot' || room.timeline.rev !== this.#timelineRev) {
      this.#follow(cause);
    }
    if (cause === 'snapshot' && this.#freshWanted) {
      this.#freshWanted = false;
      this.#source(room.media);
    }
    // A barrier that waits for us although we said so: it is a new one.
    if (room.barrier?.waiting.includes(room.you.member) && this.#readySent) this.#readySent = null;
  }

  /** Back to what the room says, after a gesture that the server refused. */
  followTimeline(): void {
    if (this.#room) this.#follow('snapshot');
  }

  clockAnswer(answer: ClockAnswer): void {
    this.#engine?.clockReply({ c0: answer.c, s1: answer.r, s2: answer.s, c1: performance.now() });
    if (this.#untimed) this.#timed(false);
  }

  connected(serverClock: number): void {
    this.#clockBase = serverClock - performance.now();
    this.#readySent = null;
    this.#engine?.reconnected();
  }

  // ---- the person's own doing --------------------------------------------------------

  /** Pauses under the finger; the room's position at that instant, or null if unknown. */
  pauseNow(): number | null {
    const room = this.#room;
    if (!this.#engine || !room || room.timeline.item === null) return null;
    const position = this.roomPosition();
    this.#engine.setTimeline({
      position,
      at: this.serverNow(),
      rate: room.timeline.rate,
      playing: false,
      revision: room.timeline.rev,
    });
    return position;
  }

  /** Call from a click or key: lets a player start that the browser held back. */
  unlock(): void {
    if (this.blocked || this.soundBlocked) this.#engine?.gesture();
  }

  catchUp(): void {
    this.#engine?.catchUp();
  }

  setFollowClass(name: FollowClass): void {
    this.followClass = name;
    setting.set('class', name === 'normal' ? null : name);
    this.#engine?.setClass(name satisfies SyncClassName);
    if (name !== 'free') this.#engine?.catchUp();
  }

  setOffset(ms: number): void {
    this.offset = ms;
    setting.set('offset', ms === 0 ? null : String(ms));
    this.#engine?.setOffset(ms);
  }

  setVolume(volume: number): void {
    const video = this.#video;
    if (!video) return;
    video.volume = Math.min(1, Math.max(0, volume));
    if (volume > 0) video.muted = false;
    setting.set('volume', String(video.volume));
  }

  setMuted(muted: boolean): void {
    if (!this.#video) return;
    if (!muted && this.soundBlocked) this.#engine?.gesture();
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.setVolume(0.5);
  }

  async togglePip(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await this.#video?.requestPictureInPicture().catch(() => undefined);
  }

  /** Loads the medium anew, from an address that is fresh. */
  retry(): void {
    this.#freshWanted = true;
    this.#links.refresh();
  }

  stop(): void {
    this.#engine?.setTimeline(null);
  }

  // ---- times ------------------------------------------------------------------------

  serverNow(): number {
    return this.#engine?.serverNow() ?? this.#clockBase + performance.now();
  }

  roomPosition(): number {
    const room = this.#room;
    if (!room) return 0;
    return this.#engine?.roomPosition() ?? positionAt(room, this.serverNow());
  }

  // ---- inside -----------------------------------------------------------------------

  #follow(cause: TimelineCause): void {
    const room = this.#room;
    if (!room || !this.#engine) return;
    const line = room.timeline;
    this.#timelineRev = line.rev;
    this.#engine.setTimeline(
      line.item === null || !room.media
        ? null
        : {
            position: line.position,
            at: line.at,
            rate: line.rate,
            playing: line.playing,
            revision: line.rev,
          },
      cause,
    );
  }

  #source(media: RoomMedia | null): void {
    const video = this.#video;
    if (!video) return;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#timingTimer);
    this.#lookedInto = false;
    this.#untimed = null;
    if (media && !media.problem && !this.#timedOnce && !this.#engine?.timed) {
      this.#untimed = media;
      this.#timingTimer = setTimeout(() => this.#timed(true), TIMING_MS);
      return;
    }
    const position = (): number => this.roomPosition();
    this.source.load({ video, viewer: this.viewer, position }, media);
    this.subtitles.film(media, this.viewer);
  }

  async #lookAtTracks(): Promise<void> {
    const item = this.#item;
    await this.source.look();
    if (item === this.#item) this.subtitles.offer(this.source.way?.text ?? []);
  }

  /** Loads what waited for the clock; once is enough for a page's life. */
  #timed(anyway: boolean): void {
    if (!anyway && !this.#engine?.timed) return;
    this.#timedOnce = true;
    if (this.#untimed) this.#source(this.#untimed);
  }

  #told(status: SyncStatus): void {
    this.status = status;
    this.now = this.serverNow();
    this.position = status.free ? status.position : this.roomPosition();
    this.bufferedEnd = status.position + status.bufferedAhead;
    this.loaded = (this.#video?.readyState ?? 0) >= 2;
    const dry =
      status.state === 'buffering' ||
      status.state === 'seeking' ||
      (status.state === 'waiting' && this.#item !== null);
    if (!dry) this.#dryAt = null;
    else this.#dryAt ??= performance.now();
    this.buffering = this.#dryAt !== null && performance.now() - this.#dryAt > BUFFERING_SHOWN_MS;
    if (this.loaded) this.copying = false;
    this.#lookArrival(status);
    if (this.#room && status.state === 'playing') {
      const next = wanted(this.#room, this.roomPosition(), status.bufferedAhead);
      if (next) {
        const address = mediaAddress(next.media, this.viewer);
        this.#prewarm.consider(next.item, address, next.media.needs);
      }
    }
    if (status.state === 'error' && !this.#lookedInto) void this.#lookInto();
    this.#checkReady();
    const own = this.#ownDuration();
    if (own !== null && this.duration === null) this.#learnt(own);
  }

  /** A player only says that it can't play; the server may know that it is a matter of seconds. */
  async #lookInto(): Promise<void> {
    this.#lookedInto = true;
    const media = this.#room?.media;
    const item = this.#item;
    if (!media || media.kind === 'url') return;
    if (await this.source.refused()) {
      this.#lookedInto = false;
      return;
    }
    if (item !== this.#item) return;
    const wait: MediaWait | null = await mediaWait(mediaAddress(media, this.viewer));
    if (item !== this.#item) return;
    this.copying = wait !== null;
    const arriving = wait || media.kind !== 'upload' ? null : await this.#links.arrival(media.key);
    if (item !== this.#item) return;
    this.arriving = arriving;
    const again = wait?.ms ?? (arriving ? ARRIVAL_MS : null);
    if (again === null) return;
    this.#retryTimer = setTimeout(() => {
      this.#source(media);
      this.#follow('media');
    }, again);
  }

  /** A player that waits for an upload waits for a person: who, and how far they are. */
  #lookArrival(status: SyncStatus): void {
    const media = this.#room?.media;
    if (status.state === 'error') return;
    const waits = this.buffering || this.#room?.timeline.held;
    if (!waits || media?.kind !== 'upload') {
      this.arriving = null;
      return;
    }
    const now = performance.now();
    if (now - this.#arrivalAsked < ARRIVAL_MS) return;
    this.#arrivalAsked = now;
    const item = this.#item;
    void this.#links.arrival(media.key).then((arriving) => {
      const held = this.#room?.timeline.held;
      if (item === this.#item && (this.buffering || held)) this.arriving = arriving;
    });
  }

  #ownDuration(): number | null {
    const own = this.#video?.duration ?? NaN;
    return this.#item !== null && Number.isFinite(own) && own > 0 ? own : null;
  }

  #learnt(seconds: number): void {
    this.duration = seconds;
    const item = this.#item;
    setTimeout(() => {
      if (item !== null && item === this.#item && this.#room?.timeline.duration === null)
        this.#links.duration(item, seconds);
    }, Math.random() * DURATION_SPREAD_MS);
  }

  #report(report: SyncReport): void {
    if (this.#item === null) return;
    this.#links.report({
      position: report.position,
      skew: report.skew_ms,
      buffer: report.buffer_s,
      delay: report.delay_ms,
      jitter: report.jitter_ms,
      state: STATES[report.state],
    });
  }

  /** Told at once, not with the next report: a whole room may be waiting for it. */
  #checkReady(): void {
    const video = this.#video;
    const room = this.#room;
    if (!video || !room || this.#item === null) return;
    const there =
      room.timeline.playing || Math.abs(video.currentTime - room.timeline.position) < READY_SLACK_S;
    const ahead = this.bufferedEnd - video.currentTime;
    const loaded = video.readyState === 4 || (video.readyState === 3 && ahead >= READY_BUFFER_S);
    const ready = loaded && there && !video.seeking && !video.error;
    // While playing, a stall is no un-readiness: nobody waits for it.
    if (ready === this.#readySent || (!ready && room.timeline.playing)) return;
    this.#readySent = ready;
    this.#links.ready(this.#item, ready);
  }
}
