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
  // Who comes later sees where something stood, so that answers to it make sense.
  const late = await people.guest(room, 'Ben');
  await expect(late.getByTestId('chat-log')).toContainText('message deleted');
  await expect(late.getByTestId('chat-log')).not.toContainText('A spoiler');
});

test('the whole evening can be read back, and the place being read stays', async ({
  server,
  people,
}) => {
  const chat = { window_count: 100, window: 1000, duplicate_span: 0, cool_down: 0 };
  const room = await server.room({ policy: { chat } });
  const host = await people.host(room);
  const total = 260;
  await host.evaluate(async (count) => {
    const later = (ms: number) => new Promise((done) => setTimeout(done, ms));
    for (let n = 1; n <= count; n++) {
      // The room takes 20 commands a second from one connection.
      await window.__watchalong?.send({ do: 'say', text: `line ${n} of the evening` });
      await later(55);
    }
  }, total);

  const late = await people.guest(room, 'Late');
  const log = late.getByTestId('chat-log');
  await expect(log).toContainText(`line ${total} of the evening`);
  await expect(log).not.toContainText('line 1 of the evening');
  const first = log.getByText('line 1 of the evening', { exact: true });
  // By scrolling alone, as somebody reads.
  await expect(async () => {
    await log.evaluate((element) => (element.scrollTop = 0));
    await expect(first).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(late.getByTestId('chat-older')).toHaveCount(0);
  const lines = await log.getByText(/^line \d+ of the evening$/).allInnerTexts();
  expect(lines.length).toBe(total);
  expect(new Set(lines).size).toBe(total);

  // What comes in below does not move what is being read.
  await log.evaluate((element) => (element.scrollTop = 400));
  const before = await log.evaluate((element) => element.scrollTop);
  await say(host, 'one more');
  await expect(log).toContainText('one more');
  expect(await log.evaluate((element) => element.scrollTop)).toBe(before);
});

test('a name is completed by the keyboard, and the named one hears of it elsewhere', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann Lee');
  await guest.getByTestId('tab-queue').click();

  const field = host.getByTestId('chat-input');
  await field.pressSequentially('Look, @an');
  await expect(host.getByTestId('mention-list')).toContainText('Ann Lee');
  await field.press('Enter');
  await expect(field).toHaveValue('Look, @Ann Lee ');
  await field.press('Enter');

  const note = guest.getByTestId('toast').filter({ hasText: 'Look, @Ann Lee' });
  await expect(note).toBeVisible();
  await note.getByRole('button', { name: 'Answer' }).click();
  await expect(guest.getByTestId('chat-input')).toBeFocused();
  await expect(guest.getByTestId('chat-log').locator('li.named')).toContainText('Look');
});

test('in slow mode the next message waits, and is kept', async ({ server, people }) => {
  const room = await server.room({ policy: { chat: { slow_mode: 60_000 } } });
  await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await say(guest, 'first');
  await expect(guest.getByTestId('composer-wait')).toContainText('you can write again in');
  await say(guest, 'second');
  await expect(guest.getByTestId('chat-input')).toHaveValue('second');
  await expect(guest.getByTestId('chat-log')).not.toContainText('second');
});

test('who wants no spoilers reads a line when its moment comes', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 120 }));
  await say(host, 'Here comes the twist');
  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 10 }));

  const guest = await people.guest(room, 'Ann');
  await expect(guest.getByTestId('chat-log')).toContainText('twist');
  await guest.getByTestId('tab-room').click();
  await guest.getByTestId('spoiler-safe').check();
  await guest.getByTestId('tab-chat').click();
  await expect(guest.getByTestId('chat-log')).not.toContainText('twist');
  await expect(guest.getByTestId('chat-hidden')).toContainText('A message waits');
  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 119 }));
  await expect(guest.getByTestId('chat-log')).toContainText('twist');
  await expect(guest.getByTestId('chat-hidden')).toHaveCount(0);
});

test('the chat is switched off without a word to the film', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.evaluate(() => window.__watchalong?.send({ do: 'play' }));
  const before = await host.evaluate(() => window.__watchalong?.room?.timeline.rev);
  await guest.getByTestId('chat-input').fill('half a thought');
  await host.getByTestId('tab-room').click();
  await host.locator('summary', { hasText: 'Chat' }).click();
  await host.getByTestId('chat-enabled').uncheck();
  await expect(guest.getByText('The chat is off here.')).toBeVisible();
  await expect(guest.getByTestId('chat-input')).toHaveValue('half a thought');
  const line = await guest.evaluate(() => window.__watchalong?.room?.timeline);
  expect([line?.playing, line?.rev]).toEqual([true, before]);
});

test('reactions fly over everybody’s picture', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  const seen = guest.locator('.sky .one');
  await guest.getByTestId('react-open').click();
  await guest.getByRole('button', { name: 'React with 🔥' }).click();
  await expect(seen).toHaveText('🔥');
  await expect(host.locator('.sky')).toContainText('🔥');
  await expect(seen).toHaveCount(0);
});
