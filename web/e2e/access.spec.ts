// axe-core finds nothing serious on any screen, light and dark.
import { findings } from './support/axe';
import { expect, test } from './support/fixtures';
import { allPlay } from './support/skew';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    const options = { colorScheme, reducedMotion: 'reduce' } as const;

    test('the start page and its dialog', async ({ server, people }) => {
      await server.room({ policy: { visibility: 'public' } });
      const page = await people.open(server.origin, options);
      await expect(page.getByTestId('shelf-item').first()).toBeVisible();
      expect(await findings(page)).toEqual([]);
      await page.getByTestId('create-room').click();
      await expect(page.getByTestId('library-item').first()).toBeVisible();
      expect(await findings(page)).toEqual([]);
    });

    test('the door', async ({ server, people }) => {
      const room = await server.room();
      const page = await people.open(room.url, options);
      await expect(page.getByTestId('name-input')).toBeVisible();
      expect(await findings(page)).toEqual([]);
    });

    test('the room: each tab and each dialog', async ({ server, people }) => {
      const room = await server.room();
      const host = await people.host(room, options);
      const guest = await people.guest(room, 'Ann', options);
      await guest.getByTestId('chat-input').fill('Hello https://example.org @Host');
      await guest.getByTestId('chat-send').click();
      await expect(host.getByTestId('chat-log')).toContainText('Hello');
      expect(await findings(host), 'paused, chat').toEqual([]);
      await host.getByTestId('play-toggle').click();
      await allPlay([host]);
      for (const tab of ['people', 'queue', 'room']) {
        await host.getByTestId(`tab-${tab}`).click();
        expect(await findings(host), tab).toEqual([]);
      }
      for (const key of ['i', 's', '?']) {
        await host.locator('video').focus();
        await host.keyboard.press(key);
        await expect(host.getByRole('dialog')).toBeVisible();
        expect(await findings(host), `dialog of ${key}`).toEqual([]);
        await host.keyboard.press('Escape');
        await expect(host.getByRole('dialog')).toBeHidden();
      }
    });

    test('the moderators’ desk, the rules and the wait for a schedule', async ({
      server,
      people,
    }) => {
      const room = await server.room();
      const host = await people.host(room, options);
      const guest = await people.guest(room, 'Ann', options);
      await guest.evaluate(() => window.__watchalong?.send({ do: 'say', text: 'Hello @Host' }));
      await guest.evaluate(() =>
        window.__watchalong?.send({ do: 'report', member: 1, reason: 'Too loud' }),
      );
      await host.getByTestId('chat-input').fill('@a');
      await host.getByTestId('chat-input').press('End');
      expect(await findings(host), 'names').toEqual([]);
      await host.getByTestId('tab-people').click();
      for (const view of ['reports', 'acts', 'here']) {
        await host.getByTestId(`people-${view}`).click();
        expect(await findings(host), view).toEqual([]);
      }
      await guest.getByTestId('tab-people').click();
      await guest.getByRole('button', { name: 'What may I do here?' }).click();
      expect(await findings(guest), 'rights').toEqual([]);
      await guest.keyboard.press('Escape');
      await host.getByTestId('tab-room').click();
      for (const part of await host.locator('.settings summary').all()) await part.click();
      expect(await findings(host), 'rules').toEqual([]);
      await host.evaluate(() => {
        const probe = window.__watchalong;
        return probe?.send({ do: 'schedule', at: Math.round(probe.serverNow) + 3_600_000 });
      });
      await expect(guest.getByTestId('scheduled')).toBeVisible();
      expect(await findings(guest), 'lobby').toEqual([]);
      await host.getByTestId('invite-open').click();
      await host.getByTestId('invite-links').locator('summary').click();
      await host.getByTestId('invite-make').click();
      await expect(host.getByTestId('invite-item')).toHaveCount(1);
      expect(await findings(host), 'invite links').toEqual([]);
    });

    test('the lobby, the empty room and the farewell', async ({ server, people }) => {
      const policy = { barrier: { do: 'wait', quorum: 1, deadline: 60_000 } } as const;
      const room = await server.room({ title: null, policy });
      const host = await people.host(room, options);
      expect(await findings(host), 'empty').toEqual([]);
      const slow = await people.guest(room, 'Slow Ann', options);
      await slow.context().route('**/media/**', () => undefined);
      const film = await server.medium('Big Film');
      await host.evaluate(
        (media) => window.__watchalong?.send({ do: 'load', media, play: true }),
        film,
      );
      await expect(host.getByTestId('barrier')).toBeVisible();
      expect(await findings(host), 'lobby').toEqual([]);
      // The room closes the connection before, or right after, it answers.
      await host.evaluate(() => window.__watchalong?.send({ do: 'end' }).catch(() => undefined));
      await expect(slow.getByTestId('farewell')).toBeVisible();
      expect(await findings(slow), 'farewell').toEqual([]);
    });
  });
}
