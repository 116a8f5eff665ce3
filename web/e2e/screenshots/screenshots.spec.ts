// Takes docs/images anew: `cargo xtask screenshots`.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Page } from '@playwright/test';

import { loaded, seated, test } from '../support/fixtures';
import { prettyFilms } from '../support/media';
import { Relay } from '../support/relay';
import { type RoomOpened, Server } from '../support/server';
import { allPlay } from '../support/skew';

const images = resolve(import.meta.dirname, '../../../docs/images');
const PHONE = {
  viewport: { width: 375, height: 812 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};
const DESK = { viewport: { width: 1440, height: 900 } };

let server: Server;
test.beforeAll(async () => {
  test.setTimeout(240_000);
  mkdirSync(images, { recursive: true });
  server = await Server.start(prettyFilms());
});
test.afterAll(() => server?.stop());

async function take(page: Page, name: string): Promise<void> {
  // The controls stay up while the pointer moves.
  await page.mouse.move(500, 300);
  await page.mouse.move(520, 310);
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(images, `${name}.png`) });
}

async function chatter(pages: Page[]): Promise<void> {
  const lines = [
    'Popcorn is ready',
    'Two minutes, still on the stairs',
    'Look at that light',
    'Rewind that bit later?',
  ];
  for (const [index, text] of lines.entries()) {
    await pages[index % pages.length]?.evaluate(
      (words) => window.__watchalong?.send({ do: 'say', text: words }),
      text,
    );
  }
}

const movieNight = (): Promise<RoomOpened> =>
  server.room({ title: 'Dawn to Dusk', name: 'Movie night' });

for (const colorScheme of ['light', 'dark'] as const) {
  test(`home, ${colorScheme}`, async ({ people }) => {
    for (const title of ['Dawn to Dusk', 'Deep Zoom', 'Night Drive', 'Colony'])
      await server.medium(title);
    const page = await people.open(server.origin, { ...DESK, colorScheme });
    await page.getByTestId('shelf-item').nth(3).waitFor();
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: join(images, `home-${colorScheme}.png`) });
  });

  test(`room, ${colorScheme}`, async ({ people }) => {
    const room = await movieNight();
    const host = await people.host(room, { ...DESK, colorScheme });
    const others = [await people.guest(room, 'Ann'), await people.guest(room, 'Ben')];
    await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 20 }));
    await host.getByTestId('play-toggle').click();
    await allPlay([host, ...others]);
    await chatter([...others, host]);
    await host.waitForTimeout(3000);
    await take(host, `room-${colorScheme}`);
    await host.getByTestId('tab-people').click();
    await host.waitForTimeout(1200);
    await take(host, `people-${colorScheme}`);
  });
}

test('room on a phone', async ({ people }) => {
  const room = await movieNight();
  const host = await people.host(room);
  const phone = await people.guest(room, 'Ann', { ...PHONE, colorScheme: 'dark' });
  await host.getByTestId('play-toggle').click();
  await allPlay([host, phone]);
  await chatter([host, phone]);
  await phone.waitForTimeout(2000);
  await phone.screenshot({ path: join(images, 'room-phone.png') });
});

test('lobby', async ({ people }) => {
  const policy = { barrier: { do: 'wait', quorum: 1, deadline: 30_000 } } as const;
  const room = await server.room({ title: null, name: 'Movie night', policy });
  const host = await people.host(room, { ...DESK, colorScheme: 'dark' });
  await people.guest(room, 'Ben');
  const slow = await people.guest(room, 'Ann');
  await slow.context().route('**/media/**', () => undefined);
  const film = await server.medium('Dawn to Dusk');
  await host.evaluate(
    (media) => window.__watchalong?.send({ do: 'load', media, play: true }),
    film,
  );
  await host.getByTestId('barrier').waitFor();
  await loaded(host);
  await host.waitForTimeout(1500);
  await take(host, 'lobby');
});

test('reconnecting', async ({ people }) => {
  const room = await movieNight();
  const host = await people.host(room);
  const relay = await Relay.open(server.port);
  const guest = await people.open(relay.through(`${room.url}?name=Ann`), {
    ...DESK,
    colorScheme: 'dark',
  });
  await seated(guest);
  await loaded(guest);
  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 33 }));
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  await chatter([host]);
  await guest.waitForTimeout(1500);
  relay.cut();
  await guest.getByTestId('reconnecting').waitFor();
  await guest.waitForTimeout(500);
  await take(guest, 'reconnecting');
  relay.close();
});
