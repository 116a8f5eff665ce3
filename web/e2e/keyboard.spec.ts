// The keyboard map, as `?` shows it.
import { expect, test } from './support/fixtures';
import { allPlay, allStand, roomPosition } from './support/skew';

test('Space and k play and pause; in the chat they are letters', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  await host.keyboard.press('Space');
  await allPlay([host]);
  await host.keyboard.press('k');
  await allStand([host]);

  await host.keyboard.press('c');
  await expect(host.getByTestId('chat-input')).toBeFocused();
  await host.keyboard.type('ok jk?');
  await expect(host.getByTestId('chat-input')).toHaveValue('ok jk?');
  await host.keyboard.press('Enter');
  await expect(host.getByTestId('chat-log')).toContainText('ok jk?');
  await allStand([host]);
});

test('arrows, j and l seek by what the map says', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const steps: [string, number][] = [
    ['l', 10],
    ['ArrowRight', 15],
    ['ArrowLeft', 10],
    ['j', 0],
  ];
  for (const [key, expected] of steps) {
    await host.keyboard.press(key);
    await expect.poll(() => roomPosition(host)).toBeCloseTo(expected, 1);
  }
});

test('the map opens by ? and closes by Escape, and names what the keys do', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  await host.keyboard.press('?');
  const dialog = host.getByRole('dialog', { name: 'Keyboard' });
  await expect(dialog).toContainText('Play or pause');
  await host.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('m silences this page alone', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await guest.keyboard.press('m');
  await expect.poll(() => guest.evaluate(() => document.querySelector('video')?.muted)).toBe(true);
  expect(await host.evaluate(() => document.querySelector('video')?.muted)).toBe(false);
});

test('everything in the room is reached by Tab, with a visible focus', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const reached = new Set<string>();
  for (let presses = 0; presses < 40; presses++) {
    await host.keyboard.press('Tab');
    const focus = await host.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return null;
      const { outlineStyle, boxShadow } = getComputedStyle(element);
      return {
        id: element.dataset['testid'] ?? '',
        seen: outlineStyle !== 'none' || boxShadow !== 'none',
      };
    });
    if (!focus) continue;
    reached.add(focus.id);
    if (focus.id === 'play-toggle' || focus.id === 'seek-bar')
      expect(focus.seen, focus.id).toBe(true);
  }
  for (const id of ['play-toggle', 'seek-bar', 'invite-open', 'chat-input'])
    expect([...reached]).toContain(id);
});
