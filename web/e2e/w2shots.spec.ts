import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures';

const PHONE = {
  viewport: { width: 375, height: 812 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};
const DESK = { viewport: { width: 1280, height: 800 } };
const shot = async (page: Page, name: string) => {
  await page.waitForTimeout(500);
  await page.screenshot({ path: `/tmp/w2-shots/${name}.png` });
};
const send = (page: Page, cmd: object) =>
  page.evaluate(
    (c) =>
      window.__watchalong?.send(c as never).then(
        () => 'ok',
        (e: Error) => e.message,
      ),
    cmd,
  );

for (const colorScheme of ['light', 'dark'] as const)
  for (const [kind, size] of [
    ['desk', DESK],
    ['phone', PHONE],
  ] as const)
    test(`shots ${colorScheme} ${kind}`, async ({ server, people }) => {
      const options = { ...size, colorScheme };
      const n = (name: string) => `${name}-${kind}-${colorScheme}`;
      const room = await server.room({ name: 'Movie night' });
      const host = await people.host(room, options);
      const ann = await people.guest(room, 'Ann Lee');
      const ben = await people.guest(room, 'Ben');
      await send(host, { do: 'seek', position: 60 });
      await send(ann, { do: 'say', text: 'Popcorn is ready @Host' });
      await send(ben, { do: 'say', text: 'Two minutes, see https://example.org/snacks' });
      await send(ben, { do: 'say', text: 'This is rude' });
      await send(ann, { do: 'say', text: 'Nobody reads this, take it back' });
      await ann.evaluate(async () => {
        const chat = window.__watchalong!.room!.chat;
        await window.__watchalong!.send({ do: 'delete_message', message: chat.at(-1)!.id });
        await window.__watchalong!.send({
          do: 'say',
          text: 'I know that place!',
          reply_to: chat[1]!.id,
        });
      });
      await host.getByTestId('chat-input').fill('Hello @');
      await host.getByTestId('chat-input').press('End');
      await shot(host, n('chat-mention'));
      await host.keyboard.press('ArrowDown');
      await host.keyboard.press('Enter');
      expect(await host.getByTestId('chat-input').inputValue()).toMatch(/Hello @(Ann Lee|Ben) /);
      await host.getByTestId('chat-input').fill('');
      await send(ann, { do: 'report', message: 3, reason: 'Insults or threats: not nice at all' });
      await send(ben, { do: 'report', member: 2, reason: 'Spoils the film' });
      await host.getByTestId('tab-people').click();
      await shot(host, n('people'));
      await host.getByRole('button', { name: 'What to do with Ben' }).click();
      await shot(host, n('people-menu'));
      await host.keyboard.press('Escape');
      await host.getByTestId('people-reports').click();
      await shot(host, n('reports'));
      await send(host, { do: 'mute', member: 3, muted: true });
      await send(host, { do: 'policy', patch: { chat: { slow_mode: 10000 } } });
      await host.getByTestId('people-acts').click();
      await shot(host, n('audit'));
      await host.getByTestId('people-here').click();
      await host.getByRole('button', { name: 'What to do with Ben' }).click();
      await host.getByRole('menuitem', { name: 'Ban' }).click();
      await shot(host, n('ban'));
      await host.keyboard.press('Escape');
      await host.getByTestId('tab-room').click();
      await shot(host, n('settings-top'));
      await host.getByText('Each right for itself').click();
      await shot(host, n('settings-rights'));
      await host.getByText('Each right for itself').click();
      await host.getByText('Who comes in', { exact: true }).click();
      await host.getByTestId('entry').selectOption('password');
      await host.getByTestId('absence').scrollIntoViewIfNeeded();
      await shot(host, n('settings-door'));
      await host.getByText('Who comes in', { exact: true }).click();
      await host.locator('summary', { hasText: 'Chat' }).click();
      await host.getByTestId('word-input').fill('egg, bacon');
      await host.keyboard.press('Enter');
      await shot(host, n('settings-chat'));
      await host.locator('summary', { hasText: 'When it starts' }).click();
      await host.getByTestId('spoiler-safe').scrollIntoViewIfNeeded();
      await shot(host, n('settings-own'));
      await host.getByTestId('invite-open').click();
      await host.getByTestId('invite-links').locator('summary').click();
      await host.getByLabel(/Whom is it for/).fill('Cleo and her sister');
      await host.getByTestId('invite-make').click();
      await host.waitForTimeout(700);
      await host.getByTestId('invite-make').scrollIntoViewIfNeeded();
      await shot(host, n('invite'));
      await host.keyboard.press('Escape');
      const phone = await people.guest(room, 'Cleo', options);
      await phone.getByTestId('chat-input').fill('one');
      await phone.keyboard.press('Enter');
      await phone.getByTestId('chat-input').fill('two');
      await phone.keyboard.press('Enter');
      await shot(phone, n('slow'));
      for (const one of ['❤️', '😂', '🔥', '👏']) await send(ann, { do: 'react', emoji: one });
      await shot(phone, n('reactions'));
      await phone.getByTestId('tab-people').click();
      await phone.getByRole('button', { name: 'What may I do here?' }).click();
      await shot(phone, n('rights'));
      await phone.keyboard.press('Escape');
      await send(host, { do: 'schedule', at: Date.now() + 3723000 });
      await shot(phone, n('scheduled'));
      await shot(host, n('scheduled-host'));
    });
