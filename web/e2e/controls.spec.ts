// Who moves the film, and that it moves for everybody.
import type { Page } from '@playwright/test';

import { expect, test } from './support/fixtures';
import { allPlay, allStand, position, roomPosition } from './support/skew';

/** One frame at 30 fps and a rounding, seconds: pages that stand on the same picture. */
const SAME_PICTURE = 0.04;

const revision = (page: Page): Promise<number | undefined> =>
  page.evaluate(() => window.__watchalong?.room?.timeline.rev);

test('play, pause and seek of the host reach everybody', async ({ server, people }) => {
  const room = await server.room();
  const pages = [await people.host(room), await people.guest(room, 'Ann')];
  const [host] = pages as [Page, Page];

  await host.getByTestId('play-toggle').click();
  await allPlay(pages);

  await host.getByTestId('play-toggle').click();
  await allStand(pages);
  const stood = await Promise.all(pages.map(position));
  expect(Math.max(...stood) - Math.min(...stood)).toBeLessThanOrEqual(SAME_PICTURE);

  await host.getByTestId('seek-bar').focus();
  await host.keyboard.press('PageUp');
  for (const page of pages) {
    await expect.poll(() => position(page)).toBeCloseTo((stood[0] ?? 0) + 60, 0);
  }
  const sought = await Promise.all(pages.map(position));
  expect(Math.max(...sought) - Math.min(...sought)).toBeLessThanOrEqual(SAME_PICTURE);
});

test('a press on the seek bar goes where it was pressed', async ({ server, people }) => {
  const room = await server.room();
  const pages = [await people.host(room), await people.guest(room, 'Ann')];
  const [host] = pages as [Page, Page];
  await host.getByTestId('play-toggle').click();
  await allPlay(pages);
  const bar = host.getByTestId('seek-bar');
  const box = await bar.boundingBox();
  await bar.click({ position: { x: (box?.width ?? 0) / 2, y: (box?.height ?? 0) / 2 } });
  for (const page of pages) {
    await expect.poll(() => position(page)).toBeGreaterThan(85);
    expect(await position(page)).toBeLessThan(100);
  }
});

test('a guest may play where the policy says everyone', async ({ server, people }) => {
  const room = await server.room({ policy: { controls: { play: 'everyone' } } });
  const pages = [await people.host(room), await people.guest(room, 'Ann')];
  await pages[1]?.getByTestId('play-toggle').click();
  await allPlay(pages);
});

test("where only the host controls, a guest's press does not move the room and says why", async ({
  server,
  people,
}) => {
  const policy = { controls: { play: 'host', seek: 'host', ask: false } } as const;
  const room = await server.room({ policy });
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  const before = await revision(host);

  await guest.getByTestId('play-toggle').click();
  await expect(
    guest.getByTestId('toast').filter({ hasText: 'Only the host can play' }),
  ).toBeVisible();
  await guest.getByTestId('seek-bar').focus();
  await guest.keyboard.press('ArrowRight');
  await expect(
    guest.getByTestId('toast').filter({ hasText: 'Only the host can skip' }),
  ).toBeVisible();

  // Past the page as well: the server itself refuses.
  const refusal = await guest.evaluate(() =>
    window.__watchalong?.send({ do: 'play' }).then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code ?? String(error),
    ),
  );
  expect(refusal).toBe('not_allowed');
  expect(await revision(host)).toBe(before);
  expect(await position(host)).toBe(0);
});

test('a guest who may not play can ask, and the host hears of it', async ({ server, people }) => {
  const room = await server.room({ policy: { controls: { play: 'host', ask: true } } });
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await guest.getByTestId('play-toggle').click();
  await expect(host.getByTestId('toast').filter({ hasText: 'Ann asks' })).toBeVisible();
});

test('nobody is stopped by a guest whose browser pauses by itself', async ({ server, people }) => {
  const room = await server.room();
  const pages = [await people.host(room), await people.guest(room, 'Ann')];
  await pages[0]?.getByTestId('play-toggle').click();
  await allPlay(pages);
  const before = await revision(pages[0] as Page);
  await pages[1]?.evaluate(() => document.querySelector('video')?.pause());
  // The guest is brought back into the film; the room never noticed.
  await pages[1]?.waitForTimeout(500);
  await allPlay(pages);
  expect(await revision(pages[0] as Page)).toBe(before);
});

test('a film that ends leaves everybody at its end', async ({ server, people }) => {
  const room = await server.room({ title: 'Short Film' });
  const pages = [await people.host(room), await people.guest(room, 'Ann')];
  await pages[0]?.getByTestId('play-toggle').click();
  await allPlay(pages);
  for (const page of pages) {
    await expect(page.getByTestId('stage-note')).toContainText('The end', { timeout: 15_000 });
    expect(await roomPosition(page)).toBeGreaterThan(7.5);
  }
});
