// Films that people bring: watched by everybody while they arrive, cut and gone on with, refused.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CDPSession, Page } from '@playwright/test';

import { findings } from './support/axe';
import { expect, loaded, test } from './support/fixtures';
import { testFilms } from './support/media';
import { allPlay, skew } from './support/skew';

/** Pages on one machine that show one film: below what anybody sees or hears as apart, ms. */
const IN_STEP_MS = 80;

const folder = mkdtempSync(join(tmpdir(), 'watchalong-bring-'));

/** A film of 180 s under another name. */
function film(name: string): string {
  const path = join(folder, name);
  copyFileSync(join(testFilms(), 'Big Film.mp4'), path);
  return path;
}

const lines = new WeakMap<Page, CDPSession>();

/** The page's line upwards, bytes a second; -1 lifts it. */
async function upwards(page: Page, rate: number): Promise<void> {
  // One session a page: each has a limit of its own, and the lowest counts.
  const cdp = lines.get(page) ?? (await page.context().newCDPSession(page));
  lines.set(page, cdp);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: rate,
  });
}

async function bring(page: Page, ...paths: string[]): Promise<void> {
  if (!(await page.getByTestId('bring').isVisible())) {
    await page.getByTestId('tab-queue').click();
    await page.getByTestId('queue-add').click();
  }
  await page.getByTestId('bring-input').setInputFiles(paths);
}

/** A film's line in the open dialog. */
const row = (page: Page, text: string) =>
  page.getByRole('dialog').getByTestId('upload').filter({ hasText: text });
const onNow = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => window.__watchalong?.room?.media?.title);

test('a film is watched by everybody while it still arrives', async ({ server, people }) => {
  const room = await server.room({ title: null });
  const host = await people.host(room);
  const ann = await people.guest(room, 'Ann');
  await upwards(host, 400_000);
  await bring(host, film('Our.Trip.mp4'));
  await expect(row(host, 'Our Trip')).toContainText('kB/s');
  await expect(row(host, 'Our Trip')).toContainText('left');
  await expect.poll(() => onNow(ann)).toBe('Our Trip');
  await expect(row(host, 'Our Trip')).toContainText('Can be watched while it arrives');
  await host.keyboard.press('Escape');
  for (const page of [host, ann]) await loaded(page);
  await host.getByTestId('play-toggle').click();
  await allPlay([host, ann]);
  expect(await skew([host, ann])).toBeLessThan(IN_STEP_MS);
  await host.getByTestId('queue-add').click();
  await expect(row(host, 'Our Trip')).toHaveAttribute('data-stage', 'sending');
  await upwards(host, -1);
  await expect(row(host, 'Our Trip')).toHaveAttribute('data-stage', 'here', { timeout: 60_000 });
  await allPlay([host, ann]);
});

test('an upload is paused, gone on with, and survives a reload', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  host.on('dialog', (dialog) => void dialog.accept());
  await upwards(host, 300_000);
  const path = film('Long.Way.mp4');
  await bring(host, path);
  const mine = row(host, 'Long Way');
  await expect(mine).toContainText('kB/s');
  await mine.getByTestId('upload-pause').click();
  await expect(mine).toContainText('Paused at');
  await host.waitForTimeout(1500);
  const before = await mine.getByRole('progressbar').getAttribute('value');
  await host.waitForTimeout(1000);
  expect(await mine.getByRole('progressbar').getAttribute('value')).toBe(before);
  await mine.getByTestId('upload-resume').click();
  await expect(mine).toHaveAttribute('data-stage', 'sending');
  await expect
    .poll(async () => Number(await mine.getByRole('progressbar').getAttribute('value')))
    .toBeGreaterThan(Number(before) + 5);

  await host.reload();
  await host.getByTestId('tab-queue').click();
  await host.getByTestId('queue-add').click();
  await expect(mine).toContainText('Interrupted at');
  const reached = Number(await mine.getByRole('progressbar').getAttribute('value'));
  expect(reached).toBeGreaterThan(0);
  await mine.getByTestId('upload-again-input').setInputFiles(film('Another.mp4'));
  await expect(mine).toContainText('That is another file');
  await upwards(host, -1);
  await mine.getByTestId('upload-again-input').setInputFiles(path);
  await expect(mine).toHaveAttribute('data-stage', 'here', { timeout: 60_000 });
  // Once in the queue is enough, however often it was cut.
  await expect(host.getByTestId('queue-item').filter({ hasText: 'Long Way' })).toHaveCount(1);
});

test('what is no film says so at the file, and takes nothing else along', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const zip = join(folder, 'Holiday.mp4');
  const noise = join(folder, 'noise.bin');
  writeFileSync(noise, randomBytes(20_000_000));
  execFileSync('python3', ['-m', 'zipfile', '-c', zip, noise]);
  const empty = join(folder, 'Nothing.mp4');
  writeFileSync(empty, '');
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'hello');
  await bring(host, zip, empty, text, film('Good.One.mp4'));
  await expect(row(host, 'Holiday.mp4')).toHaveAttribute('data-stage', 'failed');
  await expect(row(host, 'Holiday.mp4')).toContainText('This file is no film and no music');
  await expect(row(host, 'Nothing.mp4')).toContainText('This file is empty');
  await expect(row(host, 'notes.txt')).toHaveAttribute('data-stage', 'failed');
  await expect(row(host, 'Good One')).toHaveAttribute('data-stage', 'here', { timeout: 60_000 });
  expect(await findings(host)).toEqual([]);
  await row(host, 'Holiday.mp4').getByTestId('upload-remove').click();
  await expect(row(host, 'Holiday.mp4')).toHaveCount(0);
  await row(host, 'Good One').getByTestId('upload-remove').click();
  await expect(row(host, 'Good One')).toHaveCount(0);
  await host.keyboard.press('Escape');
  await expect(host.getByTestId('queue-item')).toHaveCount(0);
});

test('a room that watches faster than its film arrives is held, and goes on by itself', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: null });
  const host = await people.host(room);
  const ann = await people.guest(room, 'Ann');
  await upwards(host, 80_000);
  await bring(host, film('Slow.Line.mp4'));
  await expect.poll(() => onNow(ann), { timeout: 40_000 }).toBe('Slow Line');
  await host.keyboard.press('Escape');
  await loaded(ann);
  const playing = () => ann.evaluate(() => window.__watchalong?.room?.timeline.playing);
  await ann.getByTestId('play-toggle').click();
  const held = () => ann.evaluate(() => window.__watchalong?.room?.timeline.held);
  await expect.poll(held, { timeout: 30_000 }).toBe(true);
  expect(await playing()).toBe(false);
  // Everybody is told whom they wait for.
  await expect(ann.getByText('Still being uploaded by Host')).toBeVisible();
  // Nobody gets where nothing has come yet, and whoever tries does not end the wait.
  await ann.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 150 }));
  await expect.poll(held).toBe(true);
  expect(await ann.evaluate(() => window.__watchalong?.room?.timeline.position)).toBeLessThan(150);
  await upwards(host, -1);
  await expect.poll(playing).toBe(true);
  await allPlay([host, ann]);
  await expect(ann.getByText('Still being uploaded by')).toHaveCount(0);
});

test('a film dropped on the page is brought, and goes on by itself when the server restarts', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  await upwards(host, 300_000);
  const bytes = readFileSync(film('Dropped.One.mp4')).toString('base64');
  const drag = await host.evaluateHandle((base64) => {
    const content = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([content], 'Dropped.One.mp4', { type: 'video/mp4' }));
    return data;
  }, bytes);
  await host.dispatchEvent('.party', 'dragover', { dataTransfer: drag });
  await expect(host.getByText('Drop it to bring it to the room')).toBeVisible();
  await host.dispatchEvent('.party', 'drop', { dataTransfer: drag });
  const mine = host.getByTestId('upload').filter({ hasText: 'Dropped' });
  await expect(mine).toContainText('kB/s');
  await server.kill();
  await expect(mine).toContainText('the server cannot be reached');
  await server.listen();
  await upwards(host, -1);
  await expect(host.getByTestId('queue-item').filter({ hasText: 'Dropped One' })).toHaveCount(1);
  await expect(mine).toHaveCount(0, { timeout: 60_000 });
});

test('what may not be kept in the library says why', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  // The server offers it to whom it lets; this page was told before it was forbidden.
  await host.route('**/api/v2/rooms/*/uploads', async (route) => {
    if (route.request().method() !== 'GET') return route.fallback();
    const answer = await route.fetch();
    const list = (await answer.json()) as object[];
    return route.fulfill({ json: list.map((one) => ({ ...one, may_keep: true })) });
  });
  await bring(host, film('Keep.This.mp4'));
  await row(host, 'Keep This').getByTestId('upload-keep').click();
  await expect(row(host, 'Keep This').getByRole('alert')).toContainText(
    'This server does not let you keep uploads in its library',
  );
});
