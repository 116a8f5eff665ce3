// How far apart pages show the film, from the frames they really showed; the same measurement as
// the sync lab's (web/lab), on the machine's one monotonic clock.
import { expect, type Page } from '@playwright/test';

type Frames = [at: number, position: number, rate: number][];

/** Shown frames of the last while, newest last; `at` in ms of the machine's monotonic clock. */
async function shown(page: Page, lastMs: number): Promise<Frames> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const { metrics } = await cdp.send('Performance.getMetrics');
  await cdp.detach();
  const origin = (metrics.find(({ name }) => name === 'NavigationStart')?.value ?? NaN) * 1000;
  const frames = await page.evaluate((span) => {
    const lab = (window as unknown as { __lab: { frames: Frames } }).__lab;
    return lab.frames.filter(([at]) => at > performance.now() - span);
  }, lastMs);
  return frames.map(([at, position, rate]) => [origin + at, position, rate]);
}

/** Fewer frames in the last second than this can't be measured: the machine was busy elsewhere. */
const FRAMES = 8;
/** How long to wait for a second with enough frames in all pages, ms. */
const PATIENCE = 8000;

/**
 * Where a page's film would have been at instant 0 of the clock, ms: the median over the last
 * second, so that no single late frame decides. Null if too few frames came.
 */
async function phase(page: Page): Promise<number | null> {
  const frames = await shown(page, 1000);
  if (frames.length < FRAMES) return null;
  const phases = frames.map(([at, position]) => position * 1000 - at).sort((a, b) => a - b);
  return phases[Math.floor(phases.length / 2)] ?? null;
}

/** The largest distance between any two of the pages over the last second, ms. */
export async function skew(pages: Page[]): Promise<number> {
  const until = performance.now() + PATIENCE;
  while (performance.now() < until) {
    const phases = await Promise.all(pages.map(phase));
    const known = phases.filter((one) => one !== null);
    if (known.length === pages.length) return Math.max(...known) - Math.min(...known);
    await pages[0]?.waitForTimeout(250);
  }
  throw new Error('not all pages play');
}

/** Position of the page's video now, seconds. */
export function position(page: Page): Promise<number> {
  return page.evaluate(() => document.querySelector('video')?.currentTime ?? NaN);
}

/** Position of the room's timeline now, as the page knows it, seconds. */
export function roomPosition(page: Page): Promise<number> {
  return page.evaluate(() => window.__watchalong?.position ?? NaN);
}

/** Waits until the film moves in all pages. */
export async function allPlay(pages: Page[]): Promise<void> {
  for (const page of pages) {
    await expect.poll(async () => (await shown(page, 500)).length).toBeGreaterThan(5);
  }
}

/** Waits until no page has shown a new frame for a while. */
export async function allStand(pages: Page[]): Promise<void> {
  for (const page of pages) {
    await expect.poll(async () => (await shown(page, 700)).length).toBe(0);
  }
}
