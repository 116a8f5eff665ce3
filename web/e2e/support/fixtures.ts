// What tests start from: a running server, and people who open pages.
import { type BrowserContextOptions, expect, type Page, test as base } from '@playwright/test';

import { watch } from '../../lab/watch.mjs';
import type { Probe } from '../../src/room/probe';
import { testFilms } from './media';
import { type RoomOpened, Server } from './server';

declare global {
  interface Window {
    __watchalong?: Probe;
  }
}

/** How somebody comes. */
export interface Coming extends BrowserContextOptions {
  /** Runs in their page before its own scripts. */
  before?: () => void;
}

/** Opens pages, each a person with a browser profile of their own. */
export interface People {
  /** Somebody who comes by this address. */
  open(url: string, options?: Coming): Promise<Page>;
  /** The host, seated and with the film loaded if there is one. */
  host(room: RoomOpened, options?: Coming): Promise<Page>;
  /** A guest of this name, the same. */
  guest(room: RoomOpened, name: string, options?: Coming): Promise<Page>;
}

export async function seated(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => window.__watchalong?.connection)).toBe('open');
}

/** The film could play at once. */
export async function loaded(page: Page): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => document.querySelector('video')?.readyState ?? 0))
    .toBeGreaterThanOrEqual(3);
}

export const test = base.extend<{ people: People }, { server: Server }>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from here.
    async ({}, use) => {
      const server = await Server.start(testFilms());
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  people: async ({ browser }, use, testInfo) => {
    const pages: Page[] = [];
    const open = async (url: string, options: Coming = {}): Promise<Page> => {
      const { before, ...profile } = options;
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        ...profile,
      });
      await context.addInitScript(watch);
      if (before) await context.addInitScript(before);
      const page = await context.newPage();
      page.on('pageerror', (error) =>
        testInfo.annotations.push({ type: 'page error', description: String(error) }),
      );
      pages.push(page);
      await page.goto(url);
      return page;
    };
    const seat = async (url: string, options?: Coming): Promise<Page> => {
      const page = await open(url, options);
      await seated(page);
      const film = await page.evaluate(() => window.__watchalong?.room?.media ?? null);
      if (film) await loaded(page);
      return page;
    };
    await use({
      open,
      host: (room, options) => seat(room.host_url, options),
      guest: (room, name, options) => seat(`${room.url}?name=${encodeURIComponent(name)}`, options),
    });
    await Promise.all(pages.map((page) => page.context().close()));
    // A page that throws is broken, whatever else it did.
    expect(testInfo.annotations.filter(({ type }) => type === 'page error')).toEqual([]);
  },
});

export { expect } from '@playwright/test';
