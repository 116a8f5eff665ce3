// The seek bar's pictures and chapters, what may be skipped, and the next episode with its one countdown.
import type { Page } from '@playwright/test';

import { expect, loaded, test as base } from './support/fixtures';
import { seriesFilms } from './support/media';
import { Server } from './support/server';
import { allPlay, roomPosition } from './support/skew';

const test = base.extend<object, { server: Server }>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from here.
    async ({}, use) => {
      const server = await Server.start(seriesFilms());
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

const onNow = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => window.__watchalong?.room?.media?.title);

test('a series is watched with pictures, chapters, and one countdown to what comes next', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: 'Show S01E01', policy: { preset: 'host' } as object });
  const host = await people.host(room);
  const ann = await people.guest(room, 'Ann');
  for (const page of [host, ann]) await loaded(page);

  await expect(host.getByTestId('chapter-mark')).toHaveCount(1);
  const bar = host.getByTestId('seek-bar');
  const box = await bar.boundingBox();
  await bar.hover({ position: { x: (box?.width ?? 0) * 0.75, y: 12 } });
  await expect(host.getByTestId('seek-preview')).toContainText('The story');
  await expect(host.getByTestId('seek-picture')).toBeVisible();

  await host.getByTestId('play-toggle').click();
  await allPlay([host, ann]);
  await expect(ann.getByTestId('skip-chapter')).toHaveCount(0);
  await host.getByTestId('skip-chapter').click();
  await expect.poll(() => roomPosition(host)).toBeGreaterThan(19);

  // Fifteen seconds before its end, everybody is told; who may choose calls it off.
  for (const page of [host, ann])
    await expect(page.getByTestId('up-next')).toContainText('Show S01E02', { timeout: 30_000 });
  await expect(ann.getByTestId('up-next-cancel')).toHaveCount(0);
  await host.getByTestId('up-next-cancel').click();
  for (const page of [host, ann]) await expect(page.getByTestId('up-next')).toHaveCount(0);
  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 39 }));
  await expect(host.getByTestId('stage-note')).toContainText('Next episode: Show S01E02');
  await host.getByTestId('stage-next_episode').click();
  for (const page of [host, ann]) await expect.poll(() => onNow(page)).toBe('Show S01E02');
});
