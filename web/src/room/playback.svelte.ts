// The player, as the page sees it: binds the sync engine to the one <video>, feeds
// it the room's timeline and tells components, reactively, what it does.
//
// The engine decides when and how fast to play; this class decides which source is
// loaded and turns the engine's status into fields. It sends nothing by itself but
// facts (`facts.ts`).
import type { ClockAnswer, PlayerState } from '../net/protocol';
import { fingerprintAt, mediaAddress } from '../net/media-address';
import { setting } from '../net/storage';
import { wayOf } from '../net/way';
import {
  browserEnvironment,
  type HistoryPoint,
  type LabSink,
  SwitchPlayer,
  SyncEngine,
  type SyncClassName,
  type SyncReport,
  type SyncStatus,
  type TimelineCause,
  VideoPlayer,
} from '../sync';
import { abilities } from './abilities';
import { positionAt } from './apply';
import type { FramePlayer } from '../embeds';
import { Embed, type EmbedStart } from './embed.svelte';
import { type FactLinks, Facts } from './facts';
import { type FollowClass, STATES, storedClass } from './follow-class';
import { Loudness } from './loudness.svelte';
import type { ItemId, RoomMedia, Snapshot } from './model';
import { Marks } from './marks.svelte';
import { OwnCopy } from './own-copy.svelte';
import { Prewarm, wanted } from './prewarm';
import { Source } from './source.svelte';
import { Stoppage } from './stoppage.svelte';
import { Subtitles } from './subtitles.svelte';
import type { Arriving } from './uploads.svelte';

/** A film waits this long for the clock at most, ms: a burst over three times the distance of the far side. */
const TIMING_MS = 1_200;

export interface PlaybackLinks extends FactLinks {
  /** The room's. */
  code: string;
  sendClock: (id: number, c: number) => boolean;
  /** Asks for a fresh snapshot, whose media address has not expired. */
  refresh: () => void;
  /** How far an upload has come; null where all of it is there. */
  arrival: (key: string) => Promise<Arriving | null>;
  /** Tells the room which bytes an own copy is. */
  fingerprint: (item: ItemId, fingerprint: string) => void;
}

/** A single frame of silence between stalls isn't worth a word on screen. */
const BUFFERING_SHOWN_MS = 450;

export class Playback {
  status = $state.raw<SyncStatus | null>(null);
  position = $state(0);
  /** Server time, ms, about five times a second: for countdowns. */
  now = $state(0);
  duration = $state<number | null>(null);
  bufferedEnd = $state(0);
  loaded = $state(false);
  buffering = $state(false);
  followClass = $state<FollowClass>(storedClass());
  /** ms, positive: this player runs ahead of the room, for slow loudspeakers. */
  offset = $state(Number(setting.get('offset') ?? '0') || 0);

  #links: PlaybackLinks;
  #engine: SyncEngine | null = null;
  #video: HTMLVideoElement | null = null;
  /** Where a provider's player is put. */
  #host: HTMLElement | null = null;
  /** The page's own player, and whichever is on. */
  #own: VideoPlayer | null = null;
  #player: SwitchPlayer | null = null;
  #room: Snapshot | null = null;
  #item: ItemId | null = null;
  #timelineRev = -1;
  #clockId = 1;
  #clockBase = Date.now() - performance.now();
  #dryAt: number | null = null;
  #freshWanted = false;
  /** The error of this source has been looked into. */
  #lookedInto = false;
  #prewarm = new Prewarm();
  /** Where the film comes from. */
  readonly source = new Source();
  readonly subtitles = new Subtitles();
  /** A provider's player, where one is on. */
  readonly embed = new Embed();
  readonly loudness = new Loudness();
  readonly stoppage: Stoppage;
  readonly marks = new Marks();
  readonly #facts: Facts;
  /** A copy of the viewer's own, where they play one. */
  readonly own: OwnCopy;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** What is loaded as soon as the clock is known; see `ServerClock.settled`. */
  #untimed: RoomMedia | null = null;
  #timedOnce = false;
  #timingTimer: ReturnType<typeof setTimeout> | undefined;

  /** Who fetches media; see `Welcome.viewer`. */
  viewer = '';

  constructor(links: PlaybackLinks) {
    this.#links = links;
    this.#facts = new Facts(links);
    this.stoppage = new Stoppage(links.arrival);
    this.own = new OwnCopy({
      code: links.code,
      changed: () => this.#copied(),
      ofServer: (media) => fingerprintAt(mediaAddress(media, this.viewer)),
      tell: links.fingerprint,
    });
  }

  get skew(): number | null {
    return this.live ? null : (this.status?.skewMs ?? null);
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

  /** What is on is going on right now: nobody can go back or ahead in it. */
  get live(): boolean {
    return this.status !== null && (this.#player?.live ?? false);
  }

  get problem(): string | null {
    return this.source.problem ?? this.status?.error ?? null;
  }

  /** Binds the page's video and the place for other players; returns the unbinder. */
  attach(video: HTMLVideoElement, host: HTMLElement): () => void {
    this.#video = video;
    this.#host = host;
    this.#own = new VideoPlayer(video);
    const player = new SwitchPlayer(this.#own);
    this.#player = player;
    const quiet = this.loudness.attach(video);
    const lab = (window as { __watchalongLab?: LabSink }).__watchalongLab;
    const engine = new SyncEngine({
      player,
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
    engine.setCut(this.#cut);
    engine.onStatus((status) => this.#told(status));
    // What may be chosen of the film, once its beginning is there: nothing waits for it.
    const look = (): void => void this.#lookAtTracks();
    video.addEventListener('loadeddata', look);
    const heard = player.onEvent((event) => {
      if (event === 'canplay' || event === 'seeked') this.#checkReady();
      if (event === 'metadata') this.#setClass();
    });
    engine.start();
    void abilities(); // known before the first film comes
    if (this.#room) this.setRoom(this.#room, 'snapshot');
    return () => {
      quiet();
      heard();
      video.removeEventListener('loadeddata', look);
      clearTimeout(this.#retryTimer);
      clearTimeout(this.#timingTimer);
      this.#untimed = null;
      this.#prewarm.stop();
      this.source.stop();
      this.own.dispose();
      engine.dispose();
      this.embed.stop();
      this.#engine = null;
      this.#player = null;
      this.#own = null;
      this.#video = null;
      this.#host = null;
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
    this.own.film(room.media);
    if (item !== this.#item) {
      this.#item = item;
      this.#facts.reset();
      this.loaded = false;
      this.stoppage.reset();
      this.#prewarm.stop();
      engine.setCut(this.#cut);
      this.marks.clear();
      this.#source(room.media);
      this.#follow(item === null ? 'other' : 'media');
    } else if (cause === 'snapshot' || room.timeline.rev !== this.#timelineRev) {
      this.#follow(cause);
    }
    if (cause === 'snapshot' && this.#freshWanted) {
      this.#freshWanted = false;
      this.#source(room.media);
    }
    this.#facts.barrier(room);
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
    this.#facts.reset();
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
    this.#setClass();
    if (name !== 'free') this.#engine?.catchUp();
  }

  setOffset(ms: number): void {
    this.offset = ms;
    setting.set('offset', ms === 0 ? null : String(ms));
    this.#engine?.setOffset(ms);
  }

  setMuted(muted: boolean): void {
    if (!muted && this.soundBlocked) this.#engine?.gesture();
    this.loudness.setMuted(muted);
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

  /** What is on the screen right now, film seconds. */
  shownPosition(): number {
    if (this.embed.loose) return this.roomPosition();
    return (this.#player?.read().position ?? 0) - this.#cut;
  }

  // ---- inside -----------------------------------------------------------------------

  /** A provider's player can't follow as closely as a file, and what is live comes no faster. */
  #setClass(): void {
    const coarse = this.embed.player !== null || this.#player?.live;
    const framed = coarse && this.followClass !== 'free';
    this.#engine?.setClass(framed ? 'frame' : (this.followClass satisfies SyncClassName));
  }

  #follow(cause: TimelineCause): void {
    const room = this.#room;
    if (!room || !this.#engine) return;
    const line = room.timeline;
    this.#timelineRev = line.rev;
    this.#engine.setTimeline(
      line.item === null || !room.media || this.embed.loose
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
    this.#frame(this.own.active ? null : media);
    this.source.load(
      { video, viewer: this.viewer, position },
      this.embed.info ? null : this.own.source(media),
    );
    this.subtitles.film(media, this.viewer);
  }

  /** Puts a provider's player on, or takes it off. */
  #frame(media: RoomMedia | null): void {
    const [player, own, host] = [this.#player, this.#own, this.#host];
    if (!player || !own || !host) return;
    this.embed.stop();
    const steer = (framed: FramePlayer): void => {
      this.loudness.frame(framed);
      player.use(framed, this.embed.info?.live ?? false);
      this.#setClass();
      this.#follow('media');
    };
    this.loudness.frame(null);
    player.use(own);
    if (media?.kind === 'embed' && !media.problem) {
      const { loudness } = this;
      const start = (): EmbedStart => ({
        position: this.roomPosition(),
        volume: loudness.volume,
        muted: loudness.muted,
      });
      this.embed.load(host, media, start, steer);
    }
    this.#setClass();
  }

  /** Seconds that what is loaded has everything later than the room's film. */
  get #cut(): number {
    return this.own.active ? this.own.cut : 0;
  }

  /** Another copy of the viewer's own, or none any more, or shifted otherwise. */
  #copied(): void {
    const { own } = this;
    this.#engine?.setCut(this.#cut);
    const url = own.opened?.url ?? null;
    if (own.active && url !== null && this.#video?.src === url) return;
    this.loaded = false;
    this.#facts.reset();
    // Whether pictures of it may be fetched may be otherwise now.
    this.marks.clear();
    this.#source(this.#room?.media ?? null);
    this.#follow('media');
  }

  async #lookAtTracks(): Promise<void> {
    const [item, media] = [this.#item, this.#room?.media];
    const ours = media?.kind === 'library' || media?.kind === 'upload';
    // Pictures are the film's, too: not over the network for who plays a copy of their own.
    if (ours) void this.marks.look(media.item, mediaAddress(media, this.viewer), !this.own.active);
    await this.source.look();
    let way = this.source.way;
    // Whoever plays a copy of their own may read what the server has of it: that is no video.
    if (this.own.active && ours)
      way = await wayOf(mediaAddress(media, this.viewer), await abilities(), false).catch(
        () => null,
      );
    if (item === this.#item) this.subtitles.offer(way?.text ?? []);
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
    this.loaded = this.embed.loose || (this.#player?.read().readyState ?? 0) >= 2;
    this.loudness.look();
    const dry =
      !this.embed.loose &&
      !this.embed.hands &&
      (status.state === 'buffering' ||
        status.state === 'seeking' ||
        (status.state === 'waiting' && this.#item !== null));
    if (!dry) this.#dryAt = null;
    else this.#dryAt ??= performance.now();
    this.buffering = this.#dryAt !== null && performance.now() - this.#dryAt > BUFFERING_SHOWN_MS;
    if (this.loaded) this.stoppage.copying = false;
    this.#lookArrival(status);
    if (this.#room && status.state === 'playing' && !this.own.chosen) {
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

  async #lookInto(): Promise<void> {
    this.#lookedInto = true;
    const media = this.#room?.media;
    if (!media || this.own.active) return;
    const again = await this.stoppage.lookInto(media, this.viewer, this.source, this.#still());
    if (again === 'other') this.#lookedInto = false;
    else if (again !== null) {
      this.#retryTimer = setTimeout(() => {
        this.#source(media);
        this.#follow('media');
      }, again);
    }
  }

  #lookArrival(status: SyncStatus): void {
    if (status.state === 'error') return;
    const waits = (): boolean =>
      (this.buffering && !this.own.active) || (this.#room?.timeline.held ?? false);
    this.stoppage.lookArrival(this.#room?.media ?? null, waits, this.#still());
  }

  /** Whether what is on now is still on then. */
  #still(): () => boolean {
    const item = this.#item;
    return () => item === this.#item;
  }

  #ownDuration(): number | null {
    const own = this.#player?.read().duration ?? NaN;
    return this.#item !== null && Number.isFinite(own) && own > 0 ? own : null;
  }

  #learnt(seconds: number): void {
    this.duration = seconds;
    const item = this.#item;
    const still = this.#still();
    if (item !== null)
      this.#facts.duration(item, seconds, () => still() && this.#room?.timeline.duration === null);
  }

  #report(report: SyncReport): void {
    if (this.#item === null || this.embed.loose) return;
    this.#facts.report(report, this.live);
  }

  #checkReady(): void {
    const player = this.#player?.read();
    const [room, item] = [this.#room, this.#item];
    if (!player || !room || item === null) return;
    const { bufferedEnd } = this;
    this.#facts.ready({ player, room, item, cut: this.#cut, bufferedEnd, loose: this.embed.loose });
  }
}
