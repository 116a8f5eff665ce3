// Films that a browser can't play as they are: converted by the server, and in step with everybody.
import type { Page } from '@playwright/test';

import { expect, test } from './support/fixtures';
import { allPlay, position, skew } from './support/skew';

/** People on a call begin to notice at about this, ms. */
const BOUND = 100;

/** Makes a browser one that opens no Matroska, as Safari. */
function noMatroska(): void {
  const own = HTMLMediaElement.prototype.canPlayType;
  HTMLMediaElement.prototype.canPlayType = function (type) {
    return type.includes('matroska') ? '' : own.call(this, type);
  };
  Object.defineProperty(navigator, 'userAgentData', { value: undefined });
  Object.defineProperty(navigator, 'userAgent', { value: 'Safari/605.1.15' });
}

/** Where the film comes from: the file's address, or segments. */
function source(page: Page): Promise<'file' | 'segments'> {
  return page.evaluate(() =>
    document.querySelector('video')?.currentSrc.startsWith('blob:') ? 'segments' : 'file',
  );
}

/** They come together, and are together again a while later; a busy machine may tear them apart in between. */
async function inStep(pages: Page[]): Promise<void> {
  for (let time = 0; time < 2; time++) {
    await pages[0]?.waitForTimeout(1500);
    await expect.poll(() => skew(pages), { timeout: 40_000 }).toBeLessThan(BOUND);
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
  await inStep([host, guest]);

  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 60 }));
  for (const page of [host, guest])
    await expect.poll(() => position(page), { timeout: 40_000 }).toBeGreaterThan(60.5);
  await allPlay([host, guest]);
  await inStep([host, guest]);
  await host.getByTestId('picture-menu').click();
  await expect(host.getByTestId('picture-why')).toContainText('Dolby Digital');
});

test('who plays the file and who gets it repackaged see the same moment', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: 'Chest Film' });
  const direct = await people.host(room);
  const repackaged = await people.guest(room, 'Ann', { before: noMatroska });
  expect(await source(direct)).toBe('file');
  expect(await source(repackaged)).toBe('segments');
  await direct.getByTestId('play-toggle').click();
  await allPlay([direct, repackaged]);
  await inStep([direct, repackaged]);
});
