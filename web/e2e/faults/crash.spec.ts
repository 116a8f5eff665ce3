// The server dies without warning in the middle of a film, and comes back.
import type { Page } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { testFilms } from '../support/media';
import { Server } from '../support/server';
import { allPlay, position, roomPosition, skew } from '../support/skew';

/** All must be back this soon after the port is, ms. */
const BACK_WITHIN = 3000;

/** Text of what was said, in order, as a page has it. */
const said = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window.__watchalong?.room?.chat ?? []).map((message) => message.text));

test('three browsers survive kill -9: position, seats and chat are all there', async ({
  people,
}) => {
  const server = await Server.start(testFilms());
  try {
    const room = await server.room();
    const pages = [
      await people.host(room),
      await people.guest(room, 'Ann'),
      await people.guest(room, 'Ben'),
    ];
    const members = await Promise.all(
      pages.map((page) => page.evaluate(() => window.__watchalong?.room?.you.member)),
    );
    const [host] = pages as [Page, Page, Page];
    await host.getByTestId('play-toggle').click();
    await allPlay(pages);

    // Everybody chats until the last moment; only what was acknowledged must be there afterwards.
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const [index, page] of pages.entries()) {
        const text = `round ${round} of viewer ${index}`;
        await page.evaluate(
          (message) => window.__watchalong?.send({ do: 'say', text: message }),
          text,
        );
        acknowledged.push(text);
      }
    }
    const before = { position: await roomPosition(host), at: performance.now() };
    await server.kill();

    for (const page of pages) await expect(page.getByTestId('reconnecting')).toBeVisible();
    // The film does not stop for it.
    await host.waitForTimeout(1500);
    await allPlay(pages);

    await server.listen();
    const back = performance.now();
    await Promise.all(
      pages.map((page) =>
        page.waitForFunction(() => window.__watchalong?.connection === 'open', undefined, {
          timeout: BACK_WITHIN,
          polling: 20,
        }),
      ),
    );
    const took = performance.now() - back;
    test.info().annotations.push({ type: 'back after', description: `${took.toFixed(0)} ms` });

    for (const [index, page] of pages.entries()) {
      const expected = before.position + (performance.now() - before.at) / 1000;
      expect(Math.abs((await roomPosition(page)) - expected)).toBeLessThan(0.5);
      expect(Math.abs((await position(page)) - expected)).toBeLessThan(0.5);
      expect(await page.evaluate(() => window.__watchalong?.room?.you.member)).toBe(members[index]);
      expect(await page.evaluate(() => window.__watchalong?.room?.timeline.playing)).toBe(true);
      expect(await said(page)).toEqual(acknowledged);
    }
    expect(await host.evaluate(() => window.__watchalong?.room?.you.rights.host)).toBe(true);

    // And it goes on: a message reaches all, a pause too.
    await pages[1]?.getByTestId('chat-input').fill('Was that a crash?');
    await pages[1]?.getByTestId('chat-send').click();
    for (const page of pages)
      await expect(page.getByTestId('chat-log')).toContainText('Was that a crash?');
    await host.waitForTimeout(3000);
    expect(await skew(pages)).toBeLessThan(100);
  } finally {
    await server.stop();
  }
});

test('a pause survives too, at its exact position', async ({ people }) => {
  const server = await Server.start(testFilms());
  try {
    const room = await server.room();
    const host = await people.host(room);
    await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 61.5 }));
    await server.kill();
    await server.listen();
    await expect.poll(() => host.evaluate(() => window.__watchalong?.connection)).toBe('open');
    const line = await host.evaluate(() => window.__watchalong?.room?.timeline);
    expect(line).toMatchObject({ position: 61.5, playing: false });
    // A new guest sees the same room.
    const guest = await people.guest(room, 'Ann');
    await expect.poll(() => position(guest)).toBeCloseTo(61.5, 1);
  } finally {
    await server.stop();
  }
});
