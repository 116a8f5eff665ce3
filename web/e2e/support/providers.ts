// Players of providers, as stand-ins: a page with a clock that hears and speaks each one's words. Tests have no network,
// so these answer in place of the providers' own.
import type { BrowserContext, Frame, Page } from '@playwright/test';

/** What the stand-in shows, for tests. */
export interface Shown {
  position: number;
  playing: boolean;
}

/** Runs in the frame; `words` is the provider. No import: it is sent as text. */
function standIn(words: 'youtube' | 'vimeo' | 'twitch', loadingMs: number): void {
  const DURATION = 600;
  const state = { base: 0, since: 0, playing: false, loading: false, begun: false };
  const now = (): number => performance.now();
  const at = (): number => state.base + (state.playing ? (now() - state.since) / 1000 : 0);
  const post = (message: unknown): void => parent.postMessage(message, '*');
  const tell = (what: 'ready' | 'state' | 'time' | 'seeked'): void => {
    const position = at();
    if (words === 'youtube') {
      const playerState = !state.begun ? 5 : state.loading ? 3 : state.playing ? 1 : 2;
      if (what === 'ready') post(JSON.stringify({ event: 'onReady', info: null }));
      post(
        JSON.stringify({
          event: 'infoDelivery',
          info: {
            playerState,
            duration: DURATION,
            muted: false,
            volume: 100,
            ...(state.begun ? { currentTime: position } : {}),
          },
        }),
      );
    } else if (words === 'vimeo') {
      const data = { seconds: position, duration: DURATION };
      if (what === 'ready') post({ event: 'ready' });
      else if (what === 'state')
        post({ event: state.loading ? 'bufferstart' : state.playing ? 'playing' : 'pause', data });
      else post({ event: what === 'seeked' ? 'seeked' : 'timeupdate', data });
    } else {
      if (what === 'ready') post({ namespace: 'twitch-embed', eventName: 'ready', params: {} });
      const playback = !state.begun
        ? 'Ready'
        : state.loading
          ? 'Buffering'
          : state.playing
            ? 'Playing'
            : 'Idle';
      const params = {
        playback,
        currentTime: position,
        duration: DURATION,
        muted: false,
        volume: 1,
      };
      post({ namespace: 'twitch-embed-player-proxy', eventName: 'UPDATE_STATE', params });
    }
  };
  let loading = 0;
  const load = (then: () => void): void => {
    clearTimeout(loading);
    state.loading = true;
    tell('state');
    loading = window.setTimeout(() => {
      state.loading = false;
      then();
      tell('state');
    }, loadingMs);
  };
  const acts = {
    play(): void {
      if (state.playing) return;
      const begin = (): void => {
        state.since = now();
        state.playing = true;
      };
      if (state.begun) begin();
      else load(begin);
      state.begun = true;
      tell('state');
    },
    pause(): void {
      state.base = at();
      state.playing = false;
      clearTimeout(loading);
      state.loading = false;
      tell('state');
    },
    seek(position: number): void {
      const was = state.playing;
      state.playing = false;
      state.base = position;
      tell('seeked');
      if (was)
        load(() => {
          state.since = now();
          state.playing = true;
        });
      else tell('time');
    },
  };
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (words === 'twitch') {
      const { eventName, params } = data as { eventName: number; params: number };
      if (eventName === 3) acts.play();
      if (eventName === 2) acts.pause();
      if (eventName === 4) acts.seek(params);
      return;
    }
    const order = JSON.parse(data as string) as Record<string, unknown>;
    if (words === 'vimeo') {
      if (order['method'] === 'play') acts.play();
      if (order['method'] === 'pause') acts.pause();
      if (order['method'] === 'setCurrentTime') acts.seek(Number(order['value']));
      if (order['method'] === 'getDuration') post({ method: 'getDuration', value: DURATION });
      return;
    }
    const args = (order['args'] ?? []) as unknown[];
    if (order['event'] === 'listening') tell('ready');
    if (order['func'] === 'playVideo') acts.play();
    if (order['func'] === 'pauseVideo') acts.pause();
    if (order['func'] === 'seekTo') acts.seek(Number(args[0]));
    if (order['func'] === 'cueVideoById')
      state.base = (args[0] as { startSeconds: number }).startSeconds;
  });
  setInterval(() => state.begun && !state.loading && tell('time'), words === 'twitch' ? 1000 : 250);
  setInterval(() => {
    document.body.textContent = `${words} ${at().toFixed(1)} ${state.playing ? 'plays' : 'stands'}`;
  }, 100);
  Object.assign(window, {
    __stand: () => ({ position: at(), playing: state.playing }),
  });
  if (words !== 'youtube') tell('ready');
}

const SITES = {
  youtube: 'https://www.youtube-nocookie.com/**',
  vimeo: 'https://player.vimeo.com/**',
  twitch: 'https://player.twitch.tv/**',
} as const;

/** Puts stand-ins in place of all providers, for all pages of somebody. */
export async function standInForProviders(context: BrowserContext, loadingMs = 400): Promise<void> {
  for (const [words, pattern] of Object.entries(SITES)) {
    const body = `<!doctype html><title>${words}</title><body style="background:#123;color:#fff;font:5vw sans-serif">
      <script>(${standIn.toString()})(${JSON.stringify(words)}, ${loadingMs})</script>`;
    await context.route(pattern, (route) => route.fulfill({ contentType: 'text/html', body }));
  }
  await context.route('https://www.vidking.net/**', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>vidking</title><p>Press play',
    }),
  );
}

/** What the provider's player of a page shows; null while there is none. */
export async function shownIn(page: Page, site: string): Promise<Shown | null> {
  const frame: Frame | undefined = page.frames().find((one) => one.url().startsWith(site));
  if (!frame) return null;
  return frame
    .evaluate(() => (window as unknown as { __stand?: () => Shown }).__stand?.() ?? null)
    .catch(() => null);
}
