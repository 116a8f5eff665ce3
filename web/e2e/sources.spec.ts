// What comes from elsewhere: links to files and streams of another site, subtitles of one, and players of providers.
import type { Page } from '@playwright/test';

import type { MediaRef } from '../src/net/protocol';
import { findings } from './support/axe';
import { expect, loaded, test } from './support/fixtures';
import { streams } from './support/media';
import { shownIn, standInForProviders } from './support/providers';
import { Site } from './support/site';
import { position } from './support/skew';

/** A provider's player is put right by seeks alone, past a second or so. */
const FRAME_BOUND_S = 2;

const load = (page: Page, media: MediaRef): Promise<number | undefined> =>
  page.evaluate((ref) => window.__watchalong?.send({ do: 'load', media: ref }), media);

/** Puts a link on by the dialog. */
async function putOn(page: Page, link: string): Promise<void> {
  await page.getByTestId('link-field').fill(link);
  await page.getByTestId('link-add').click();
}

test('a link to a file or a stream is looked at, put on, and played by everybody', async ({
  server,
  people,
}) => {
  const site = await Site.start(streams(), {
    'page.html': '<!doctype html><title>A film</title>',
    'own.srt': '1\n00:00:00,000 --> 00:01:00,000\nA line of another site\n',
  });
  const room = await server.room({ title: null });
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');

  await host.getByTestId('stage-choose').click();
  await putOn(host, `${site.origin}/page.html`);
  await expect(host.getByTestId('link-trouble')).toContainText('a web page, not of a video');
  expect(await findings(host), 'a refused link').toEqual([]);
  await putOn(host, `${site.origin}/film.m3u8`);
  await expect(host.getByRole('dialog')).toBeHidden();
  for (const page of [host, guest]) await expect.poll(() => position(page)).toBeGreaterThan(1);
  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 30 }));
  for (const page of [host, guest]) await expect.poll(() => position(page)).toBeGreaterThan(30.5);

  await guest.getByTestId('subtitle-menu').click();
  await guest.getByTestId('subtitle-link').fill(`${site.origin}/own.srt`);
  await guest.getByTestId('subtitle-link').press('Enter');
  await expect(guest.locator('.stage').getByText('A line of another site')).toBeVisible();
  await expect(host.locator('.stage').getByText('A line of another site')).toHaveCount(0);

  await load(host, { kind: 'url', url: `${site.origin}/film.mpd` });
  await loaded(host);
  await host.getByTestId('play-toggle').click();
  // From its beginning on: the one before was past 30.
  const begun = async (page: Page): Promise<boolean> => {
    const at = await position(page);
    return at > 1 && at < 29;
  };
  for (const page of [host, guest]) await expect.poll(() => begun(page)).toBe(true);
  await site.stop();
});

test('players of providers follow the room, and what they can’t do is said', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: null });
  const [host, guest] = [await people.host(room), await people.guest(room, 'Ann')];
  const pages = [host, guest];
  for (const page of pages) await standInForProviders(page.context());

  for (const [url, site] of [
    ['https://youtu.be/dQw4w9WgXcQ', 'https://www.youtube-nocookie.com/'],
    ['https://vimeo.com/76979871', 'https://player.vimeo.com/'],
    ['https://www.twitch.tv/videos/1234567', 'https://player.twitch.tv/'],
  ] as const) {
    await load(host, { kind: 'url', url });
    for (const page of pages)
      await expect.poll(() => shownIn(page, site), { message: site }).not.toBeNull();
    await host.getByTestId('play-toggle').click();
    const moves = async (page: Page, from: number): Promise<void> => {
      const goes = async (): Promise<boolean> => {
        const shown = await shownIn(page, site);
        const there = await page.evaluate(() => window.__watchalong?.position ?? NaN);
        return (
          shown !== null &&
          shown.playing &&
          shown.position > from &&
          Math.abs(shown.position - there) < FRAME_BOUND_S
        );
      };
      await expect.poll(goes, { message: `${site} from ${from}`, timeout: 40_000 }).toBe(true);
    };
    for (const page of pages) await moves(page, 0.5);
    await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 300 }));
    for (const page of pages) await moves(page, 300.5);
    await guest.getByTestId('frame-cover').click();
    for (const page of pages)
      await expect
        .poll(async () => (await shownIn(page, site))?.playing, { message: site })
        .toBe(false);
  }
  expect(await findings(host), 'a provider’s player').toEqual([]);

  await load(host, { kind: 'embed', key: 'vidking:1078605' });
  await expect(guest.getByTestId('embed-note')).toContainText('takes no orders');
  await expect(guest.getByTestId('subtitle-menu')).toHaveCount(0);
  // Back to a film of our own: nothing of it is left.
  await load(host, await server.medium('Big Film'));
  await expect(guest.getByTestId('frames').locator('iframe')).toHaveCount(0);
  await host.getByTestId('play-toggle').click();
  for (const page of pages) await expect.poll(() => position(page)).toBeGreaterThan(0.5);
});
