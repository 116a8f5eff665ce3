// A phone held upright: 375 by 812, touch.
import type { Page } from '@playwright/test';

import { expect, test } from './support/fixtures';
import { allPlay } from './support/skew';

const PHONE = {
  viewport: { width: 375, height: 812 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('the start page fits, and a room is opened with two taps', async ({ server, people }) => {
  const page = await people.open(server.origin, PHONE);
  expect(await overflow(page)).toBe(0);
  await page.getByTestId('create-room').tap();
  await page.getByTestId('library-item').first().tap();
  await expect(page.getByTestId('room-title')).toBeVisible();
  expect(await overflow(page)).toBe(0);
});

test('film, controls and chat are on one screen and large enough for thumbs', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const phone = await people.guest(room, 'Ann', PHONE);
  expect(await overflow(phone)).toBe(0);

  await host.getByTestId('play-toggle').click();
  await allPlay([host, phone]);
  await phone.getByTestId('chat-input').tap();
  await phone.getByTestId('chat-input').fill('From the sofa');
  await phone.getByTestId('chat-send').tap();
  await expect(host.getByTestId('chat-log')).toContainText('From the sofa');

  await phone.locator('video').tap();
  for (const id of ['play-toggle', 'sync-state', 'invite-open', 'chat-send']) {
    const target = phone.getByTestId(id);
    if (!(await target.isVisible())) continue;
    const box = await target.boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0), id).toBeGreaterThanOrEqual(36);
  }
  await expect(phone.locator('video')).toBeInViewport();
  await expect(phone.getByTestId('chat-input')).toBeInViewport();
});
