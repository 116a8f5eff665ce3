// Talking, and what a late comer can read.
import type { Page } from '@playwright/test';

import { expect, seated, test } from './support/fixtures';

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-send').click();
}

test('messages go both ways, in one order, and late comers read them', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await say(host, 'Popcorn is ready');
  await expect(guest.getByTestId('chat-log')).toContainText('Popcorn is ready');
  await say(guest, 'Coming!');
  await expect(host.getByTestId('chat-log')).toContainText('Coming!');

  const late = await people.guest(room, 'Late');
  const log = late.getByTestId('chat-log');
  await expect(log).toContainText('Coming!');
  const text = await log.innerText();
  expect(text.indexOf('Popcorn is ready')).toBeLessThan(text.indexOf('Coming!'));
});

test('what people write is text, never markup', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await say(guest, '<img src=x onerror="window.hacked=1"><b>bold</b>');
  await expect(host.getByTestId('chat-log')).toContainText('<b>bold</b>');
  expect(await host.evaluate(() => 'hacked' in window)).toBe(false);
});

test('a message that is refused comes back into the field with the reason', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  await say(host, 'again');
  await expect(host.getByTestId('chat-log')).toContainText('again');
  await say(host, 'again');
  await expect(host.getByTestId('composer-trouble')).toBeVisible();
  await expect(host.getByTestId('chat-input')).toHaveValue('again');
  // Nor is it lost by looking elsewhere, or by a reload.
  await host.getByTestId('tab-people').click();
  await host.getByTestId('tab-chat').click();
  await expect(host.getByTestId('chat-input')).toHaveValue('again');
  await host.reload();
  await seated(host);
  await expect(host.getByTestId('chat-input')).toHaveValue('again');
});

test('a deleted message is gone for everybody', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await say(guest, 'A spoiler');
  const line = host.getByTestId('chat-log').getByRole('listitem').filter({ hasText: 'A spoiler' });
  await line.hover();
  await line.getByRole('button', { name: /Delete/ }).click();
  await expect(guest.getByTestId('chat-log')).not.toContainText('A spoiler');
  await expect(guest.getByTestId('chat-log')).toContainText('message deleted');
});
