// The staged party's two pages, in real browsers: one admin puts a film on, viewers follow, may seek, and can't pause.
import type { Page } from '@playwright/test';

import { expect, test } from './support/fixtures';
import { ADMIN_KEY } from './support/server';

const playing = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const film = document.querySelector('video');
    return film !== null && !film.paused && film.readyState >= 3;
  });

const at = (page: Page): Promise<number> =>
  page.evaluate(() => document.querySelector('video')?.currentTime ?? -1);

/** Within half a second of each other, which no eye across two rooms can tell. */
async function together(a: Page, b: Page): Promise<void> {
  await expect.poll(async () => Math.abs((await at(a)) - (await at(b)))).toBeLessThan(0.5);
}

test('an admin stages a film and viewers follow, seek for themselves, and can not pause', async ({
  server,
  people,
}) => {
  await server.medium('Big Film');
  const admin = await people.open(`${server.origin}/admin.html`);
  const viewer = await people.open(`${server.origin}/watchparty`);
  await expect(viewer.getByText('Nothing is on yet')).toBeVisible();

  // Without the key nothing moves, and it says why.
  await admin.getByRole('button', { name: 'Put on Big Film.mp4' }).click();
  await expect(admin.getByRole('alert')).toContainText('admin key');
  await admin.getByLabel('Admin key').fill(ADMIN_KEY);
  await admin.getByRole('button', { name: 'Use it' }).click();
  await admin.getByRole('button', { name: 'Put on Big Film.mp4' }).click();
  await expect(admin.locator('#staged')).toHaveText('Big Film.mp4');
  await expect
    .poll(() => viewer.evaluate(() => document.querySelector('video')?.readyState))
    .toBeGreaterThan(1);
  expect(await playing(viewer)).toBe(false);

  await admin.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => playing(viewer)).toBe(true);
  const late = await people.open(`${server.origin}/watchparty`);
  await expect.poll(() => playing(late)).toBe(true);
  await together(viewer, late);

  // A pause by hand is undone; a seek is the viewer's own, and leads back.
  await viewer.evaluate(() => document.querySelector('video')?.pause());
  await expect.poll(() => playing(viewer)).toBe(true);
  await viewer.evaluate(() => {
    const film = document.querySelector('video');
    if (film) film.currentTime += 60;
  });
  await expect(viewer.getByRole('button', { name: 'Back to the party' })).toBeVisible();
  await expect.poll(async () => (await at(viewer)) - (await at(late))).toBeGreaterThan(55);
  await viewer.getByRole('button', { name: 'Back to the party' }).click();
  await together(viewer, late);

  // Who follows goes along when the party skips; who does not keeps their place.
  await late.getByLabel('Follow the party when it skips').uncheck();
  const before = await at(late);
  await admin.getByLabel('Go to').fill('2:00');
  await admin.getByRole('button', { name: 'Go', exact: true }).click();
  await expect.poll(() => at(viewer)).toBeGreaterThan(119);
  expect(await at(late)).toBeLessThan(before + 40);

  // A pause is everybody's, followed or not.
  await admin.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect.poll(() => playing(viewer)).toBe(false);
  await expect.poll(() => playing(late)).toBe(false);
  await viewer.evaluate(() => void document.querySelector('video')?.play());
  await expect.poll(() => playing(viewer)).toBe(false);

  // Where the admin lets them, viewers pause for themselves.
  await admin.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => playing(viewer)).toBe(true);
  await admin.getByLabel("Viewers can't pause").uncheck();
  await expect(async () => {
    await viewer.evaluate(() => document.querySelector('video')?.pause());
    await viewer.waitForTimeout(1500);
    expect(await playing(viewer)).toBe(false);
  }).toPass();

  // And they talk.
  await late.getByLabel('Say something').fill('good film');
  await late.getByRole('button', { name: 'Send' }).click();
  await expect(viewer.getByText('good film')).toBeVisible();
});
