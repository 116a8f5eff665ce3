// What comes next: order, votes, lists as files and saved ones, the random pool.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import type { MediaRef } from '../src/net/protocol';
import { findings } from './support/axe';
import { expect, test } from './support/fixtures';
import { allPlay, roomPosition } from './support/skew';

const folder = mkdtempSync(join(tmpdir(), 'watchalong-queue-'));
const clip = (letter: string): MediaRef => ({
  kind: 'url',
  url: `http://127.0.0.1:9/${letter}.mp4`,
  title: letter,
});

async function add(page: Page, ...media: MediaRef[]): Promise<void> {
  for (const one of media)
    await page.evaluate((ref) => window.__watchalong?.send({ do: 'queue_add', media: ref }), one);
}

const titles = (page: Page): Promise<string[]> =>
  page.getByTestId('queue-item').locator('.title').allTextContents();
const item = (page: Page, title: string) =>
  page.getByTestId('queue-item').filter({ hasText: title });

async function choose(page: Page, label: string): Promise<void> {
  await page.getByRole('button', { name: 'What to do with the queue' }).click();
  await page.getByRole('menuitem', { name: label }).click();
}

test('the queue is put in order by mouse, by keys, by votes and by chance', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const ann = await people.guest(room, 'Ann');
  await add(host, ...['Alpha', 'Beta', 'Gamma', 'Delta'].map(clip));
  for (const page of [host, ann]) await page.getByTestId('tab-queue').click();
  await expect.poll(() => titles(ann)).toEqual(['Alpha', 'Beta', 'Gamma', 'Delta']);

  await item(host, 'Delta').dragTo(item(host, 'Alpha'));
  await expect.poll(() => titles(ann)).toEqual(['Delta', 'Alpha', 'Beta', 'Gamma']);
  await item(host, 'Delta').dragTo(item(host, 'Beta'));
  await expect.poll(() => titles(ann)).toEqual(['Alpha', 'Beta', 'Delta', 'Gamma']);

  await item(host, 'Gamma').getByRole('button', { name: /Vote/ }).focus();
  await host.keyboard.press('Alt+ArrowUp');
  await expect.poll(() => titles(ann)).toEqual(['Alpha', 'Beta', 'Gamma', 'Delta']);
  // The focus went along: once more moves the same one.
  await host.keyboard.press('Alt+ArrowUp');
  await expect.poll(() => titles(ann)).toEqual(['Alpha', 'Gamma', 'Beta', 'Delta']);

  expect(await findings(host)).toEqual([]);
  for (const page of [host, ann])
    await item(page, 'Delta').getByRole('button', { name: /Vote/ }).click();
  await item(ann, 'Beta').getByRole('button', { name: /Vote/ }).click();
  await expect(item(host, 'Delta').getByRole('button', { name: /2 votes/ })).toBeVisible();
  await choose(host, 'Most votes first');
  await expect.poll(() => titles(ann)).toEqual(['Delta', 'Beta', 'Alpha', 'Gamma']);

  await add(host, ...['E', 'F', 'G', 'H', 'I', 'J', 'K', 'L'].map(clip));
  const before = await titles(host);
  await choose(host, 'Shuffle');
  await expect.poll(() => titles(ann)).not.toEqual(before);
  expect((await titles(ann)).sort()).toEqual([...before].sort());
});

test('an emptied queue can be had back', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  await add(host, await server.medium('Short Film'), clip('Beta'), clip('Gamma'));
  await host.getByTestId('tab-queue').click();
  await expect(host.getByTestId('queue-left')).toContainText('At least 3 min left in all');
  await choose(host, 'Empty the queue');
  await expect(host.getByTestId('queue-item')).toHaveCount(0);
  await host.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => titles(host)).toEqual(['Short Film', 'Beta', 'Gamma']);
});

test('a queue goes to another room as a file, or by its name in this browser', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const expected = ['Short Film', 'Beta', 'Big Film'];
  await add(host, await server.medium('Short Film'), clip('Beta'), await server.medium('Big Film'));
  await host.getByTestId('tab-queue').click();
  await choose(host, 'Save, load, share…');
  const files: string[] = [];
  for (const kind of ['m3u8', 'json'] as const) {
    const coming = host.waitForEvent('download');
    await host.getByTestId(`export-${kind}`).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe(`Movie night.${kind}`);
    const path = join(folder, download.suggestedFilename());
    await download.saveAs(path);
    files.push(path);
  }
  expect(readFileSync(files[0] ?? '', 'utf8')).toContain('#EXTINF:8,Short Film');
  await host.getByLabel(/Save the queue/).fill('Friday');
  await host.getByTestId('list-save').click();
  await expect(host.getByTestId('saved-lists')).toContainText('Friday');
  expect(await findings(host)).toEqual([]);

  for (const path of files) {
    const other = await people.host(await server.room());
    await other.getByTestId('tab-queue').click();
    await choose(other, 'Save, load, share…');
    await other.getByTestId('import-input').setInputFiles(path);
    await expect(other.getByRole('status').filter({ hasText: '3 are in the queue' })).toBeVisible();
    await other.keyboard.press('Escape');
    await expect.poll(() => titles(other)).toEqual(expected);
  }

  // By title alone, as another server's list or a hand-written one has it; and what nobody knows.
  const byHand = join(folder, 'list.m3u');
  writeFileSync(byHand, '#EXTM3U\n#EXTINF:8,short film\nD:\\Films\\x.mkv\nNowhere.mkv\n');
  await host.getByTestId('import-input').setInputFiles(byHand);
  await expect(host.getByRole('status').filter({ hasText: '“Nowhere”' })).toContainText(
    'One is in the queue. Not found here',
  );
  const stream = join(folder, 'live.m3u8');
  writeFileSync(stream, '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n0.ts\n');
  await host.getByTestId('import-input').setInputFiles(stream);
  await expect(host.getByRole('alert')).toContainText('This is a stream');

  // The saved one outlives the page.
  await host.reload();
  await host.getByTestId('tab-queue').click();
  await expect(host.getByTestId('queue-item')).toHaveCount(4);
  await choose(host, 'Save, load, share…');
  await host.getByTestId('list-load').click();
  await expect(host.getByRole('status').filter({ hasText: '3 are in the queue' })).toBeVisible();
});

test('the room draws from what people put into the pool, each once', async ({ server, people }) => {
  const room = await server.room({ title: null });
  const host = await people.host(room);
  const ann = await people.guest(room, 'Ann');
  await server.medium('Short Film');
  await server.medium('Big Film');
  for (const page of [host, ann]) {
    await page.getByTestId('tab-queue').click();
    await page.getByTestId('pool-open').click();
  }
  for (const title of ['Short Film', 'Big Film'])
    await ann.getByTestId('pool-library-item').filter({ hasText: title }).click();
  await expect(ann.getByTestId('pool-yours').getByRole('listitem')).toHaveCount(2);
  expect(await findings(ann)).toEqual([]);
  await host.keyboard.press('Escape');
  await expect(host.getByTestId('pool-left')).toContainText('2 of 2 not shown yet');
  const drawn: (string | undefined)[] = [];
  for (const left of ['1 of 2', 'All 2']) {
    await host.getByTestId('pool-draw').click();
    await expect(host.getByTestId('pool-left')).toContainText(left);
    drawn.push(await host.evaluate(() => window.__watchalong?.room?.media?.title));
  }
  expect([...drawn].sort()).toEqual(['Big Film', 'Short Film']);
  await host.getByTestId('pool-reset').click();
  await expect(host.getByTestId('pool-left')).toContainText('2 of 2');
  await ann.getByRole('button', { name: 'Take Big Film out' }).click();
  await expect(host.getByTestId('pool-left')).toContainText('1 of 1');
});

test('what comes next is fetched ahead and starts by itself', async ({ server, people }) => {
  const room = await server.room({ title: 'Short Film' });
  const host = await people.host(room);
  const ann = await people.guest(room, 'Ann');
  const next = await server.medium('Big Film');
  const fetched: string[] = [];
  ann.on('request', (request) => fetched.push(request.url()));
  await add(host, next);
  await host.getByTestId('play-toggle').click();
  await allPlay([host, ann]);
  await expect.poll(() => fetched.some((url) => url.includes(`/${next}?`))).toBe(true);
  expect(await ann.evaluate(() => window.__watchalong?.room?.media?.title)).toBe('Short Film');
  expect(await ann.locator('video').count()).toBe(1);
  await expect
    .poll(() => ann.evaluate(() => window.__watchalong?.room?.media?.title))
    .toBe('Big Film');
  // Through the barrier: its position stands until everybody has loaded it.
  await expect.poll(() => roomPosition(ann)).toBeGreaterThan(0);
  await allPlay([host, ann]);
});
