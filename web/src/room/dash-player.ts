// Shaka Player on the page's <video>, for a link to a DASH stream: fetched only with the first of them.
import shaka from 'shaka-player/dist/shaka-player.dash-es2021.js';

import type { Attached, Told, Wanted } from './hls-player';

/** Ahead of the picture, s; as for HLS. */
const BUFFER_S = 30;

export function attach(wanted: Wanted, told: Told): Attached {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  let stopped = false;
  const failed = (error: unknown): void => {
    if (stopped) return;
    const code = (error as { code?: number } | null)?.code;
    told.failed(
      `The stream stopped coming${code === undefined ? '' : ` (${code})`}. Try it again.`,
    );
  };
  player.addEventListener('error', (event) => {
    const { detail } = event as unknown as { detail: shaka.util.Error };
    if (detail.severity === shaka.util.Error.Severity.CRITICAL) failed(detail);
  });
  const most = (lines: number | null): void => {
    player.configure('restrictions.maxHeight', lines ?? Infinity);
  };
  player.configure('streaming.bufferingGoal', BUFFER_S);
  player.configure('streaming.bufferBehind', BUFFER_S);
  most(wanted.most);
  const begin = async (): Promise<void> => {
    await player.attach(wanted.video);
    await player.load(wanted.playlist);
  };
  void begin().catch(failed);
  return {
    setMost: most,
    setSound: () => undefined,
    stop: () => {
      stopped = true;
      void player.destroy();
    },
  };
}
