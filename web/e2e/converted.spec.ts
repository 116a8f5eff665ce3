// Films that a browser can't play as they are: converted by the server, and in step with everybody.
import type { Page } from '@playwright/test';

import { expect, test } from './support/fixtures';
import { allPlay, position, skew } from './support/skew';

/** People on a call begin to notice at about this, ms. */
const BOUND = 100;

/** A browser that opens no Matroska, by its own word. */
const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15';

/** Where the film comes from: the file's address, or segments. */
function source(page: Page): Promise<'file' | 'segments'> {
  return page.evaluate(() =>
    document.querySelector('video')?.currentSrc.startsWith('blob:') ? 'segments' : 'file',
  );
}

async function inStep(pages: Page[], seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await pages[0]?.waitForTimeout(1000);
    expect(await skew(pages)).toBeLessThan(BOUND);
  }
}

test('a film in HEVC and Dolby Digital plays for both, and a seek finds them together', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: 'Disc Film' });
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  expect(await source(host)).toBe('segments');
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  await host.waitForTimeout(3000);
  await inStep([host, guest], 3);

  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 60 }));
  for (const page of [host, guest])
    await expect.poll(() => position(page)).toBeGreaterThan(60.5);
  await allPlay([host, guest]);
  await host.waitForTimeout(3000);
  await inStep([host, guest], 2);
  await host.getByTestId('picture-menu').click();
  await expect(host.getByTestId('picture-why')).toContainText('Dolby Digital');
});

test('who plays the file and who gets it repackaged see the same moment', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: 'Chest Film' });
  const direct = await people.host(room);
  const repackaged = await people.guest(room, 'Ann', { userAgent: SAFARI });
  expect(await source(direct)).toBe('file');
  expect(await source(repackaged)).toBe('segments');
  await direct.getByTestId('play-toggle').click();
  await allPlay([direct, repackaged]);
  await direct.waitForTimeout(3000);
  await inStep([direct, repackaged], 3);
});
