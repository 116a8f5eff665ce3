// Copies of people's own: played from their device, in step with who streams, and nothing of it on the network.
import { join } from 'node:path';

import type { Page, Request } from '@playwright/test';

import { expect, loaded, seated, test } from './support/fixtures';
import { testFilms } from './support/media';
import { allPlay, position, roomPosition, skew } from './support/skew';

/** Pages on one machine that show one film: below what anybody sees or hears as apart, ms. */
const IN_STEP_MS = 80;

/** Chooses a file as in browsers whose pages can't keep handles, which tests can't drive. */
async function choose(page: Page, button: string, film: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByTestId(button).click();
  await (await chooser).setFiles(join(testFilms(), film));
}

const plain = (): void => {
  delete (window as { showOpenFilePicker?: unknown }).showOpenFilePicker;
};

/** What a player fetches of a film; what is said about it in words is none of that. */
function isVideo(request: Request): boolean {
  const { pathname, protocol } = new URL(request.url());
  if (protocol === 'blob:') return false;
  return (
    request.resourceType() === 'media' ||
    (pathname.includes('/media/') && !/\/(fingerprint|marks|way|text\/\w+)$/.test(pathname))
  );
}

test('a copy of one’s own plays in step with who streams, and no video crosses the network', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room, { before: plain });
  const ann = await people.guest(room, 'Ann', { before: plain });
  await ann.getByTestId('picture-menu').click();
  await choose(ann, 'own-open', 'Big Film.mp4');
  await expect(ann.getByTestId('own-match')).toHaveAttribute('data-match', 'same');

  // The choice lasts as long as the tab: from now on the file is asked for, and nothing else.
  const fetched: string[] = [];
  ann.on('request', (request) => {
    if (isVideo(request)) fetched.push(request.url());
  });
  await ann.reload();
  await seated(ann);
  await expect(ann.getByTestId('stage-note')).toContainText('Open your copy of “Big Film”');
  await choose(ann, 'stage-open_copy', 'Big Film.mp4');
  await loaded(ann);
  await host.getByTestId('play-toggle').click();
  await allPlay([host, ann]);
  await expect.poll(() => skew([host, ann])).toBeLessThan(IN_STEP_MS);

  // Another cut, which has everything three seconds later.
  await ann.getByTestId('picture-menu').click();
  await ann.getByLabel('Another cut?').fill('3');
  await ann.getByLabel('Another cut?').blur();
  await expect
    .poll(async () => Math.abs((await position(ann)) - (await roomPosition(ann)) - 3))
    .toBeLessThan(0.25);
  await ann.keyboard.press('Escape');

  // A film that nobody delivers: each opens theirs. This one of Ann's is not the same, and it is said.
  await host.getByTestId('tab-queue').click();
  await host.getByTestId('queue-add').click();
  await host.getByLabel('Put it on now instead').check();
  await choose(host, 'own-add', 'Short Film.mp4');
  await expect(ann.getByTestId('stage-note')).toContainText('Open your copy of “Short Film”');
  await choose(ann, 'stage-open_copy', 'Big Film.mp4');
  await allPlay([host, ann]);
  await ann.getByTestId('picture-menu').click();
  await expect(ann.getByTestId('own-match')).toContainText('2 min 52 s longer');
  expect(fetched).toEqual([]);
});
