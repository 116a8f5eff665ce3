// Invite links that count and expire, the password of a live room, and the start by schedule.
import type { Page } from '@playwright/test';

import { expect, seated, test } from './support/fixtures';

/** Makes an invite link in the open dialog; the newest in the list. */
async function makeLink(host: Page, uses: string): Promise<string> {
  await host.getByTestId('invite-open').click();
  const summary = host.getByTestId('invite-links').locator('summary');
  // The dialog is loaded when it is first opened; only then is it known whether its links are shown at once.
  await expect(summary).toBeVisible();
  if (!(await host.getByTestId('invite-make').isVisible())) await summary.click();
  await host.getByTestId('invite-uses').selectOption({ label: uses });
  await host.getByTestId('invite-make').click();
  const link = host.getByTestId('invite-item').last().locator('[data-url]');
  await expect(link).toBeVisible();
  return (await link.getAttribute('data-url')) ?? '';
}

test('an invite link for one person lets in one person', async ({ server, people }) => {
  const room = await server.room({ policy: { entry: 'invite' } });
  const host = await people.host(room);
  const stranger = await people.open(`${room.url}?name=Eve`);
  await expect(stranger.getByTestId('farewell')).toContainText('By invitation only');

  const link = await makeLink(host, 'One person');
  expect(link).toContain('#invite=');
  const guest = await people.open(link);
  await guest.getByTestId('name-input').fill('Ann');
  await guest.getByTestId('join-button').click();
  await seated(guest);
  expect(guest.url()).not.toContain('invite=');

  const second = await people.open(link);
  await second.getByTestId('name-input').fill('Ben');
  await second.getByTestId('join-button').click();
  await expect(second.getByTestId('farewell')).toContainText('used up');

  // Who came in by it stays, also after a reload.
  await guest.reload();
  await seated(guest);
});

test('a revoked invite link opens no door', async ({ server, people }) => {
  const room = await server.room({ policy: { entry: 'invite' } });
  const host = await people.host(room);
  const link = await makeLink(host, 'Any number');
  await host.getByRole('button', { name: /^Revoke/ }).click();
  await expect(host.getByTestId('invite-item')).toHaveCount(0);
  const late = await people.open(link);
  await late.getByTestId('name-input').fill('Ann');
  await late.getByTestId('join-button').click();
  await expect(late.getByTestId('farewell')).toBeVisible();
});

test('a password is set while people are there, and they stay', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.getByTestId('tab-room').click();
  await host.getByText('Who comes in', { exact: true }).click();
  await host.getByTestId('entry').selectOption('password');
  await host.getByTestId('room-password').fill('popcorn');
  await host.getByRole('button', { name: 'Set', exact: true }).click();
  await expect(host.getByText('The password is set')).toBeVisible();
  await seated(guest);

  const late = await people.open(`${room.url}?name=Ben`);
  await late.getByTestId('password-input').fill('peanuts');
  await late.getByTestId('join-button').click();
  await expect(late.getByRole('alert')).toBeVisible();
  await late.getByTestId('password-input').fill('popcorn');
  await late.getByTestId('join-button').click();
  await seated(late);
});

test('a scheduled party counts down for everybody, and only the host starts early', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.getByTestId('tab-room').click();
  await host.getByText('When it starts', { exact: true }).click();
  const at = await host.evaluate(() => {
    const soon = new Date(Date.now() + 26 * 3_600_000);
    return new Date(soon.getTime() - soon.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  });
  await host.getByTestId('schedule-at').fill(at);
  await host.getByTestId('schedule-save').click();
  for (const page of [host, guest])
    await expect(page.getByTestId('scheduled')).toContainText('Starts in 1 day');

  const file = await guest.getByTestId('stage-calendar').getAttribute('href');
  const calendar = await guest.evaluate(async (href) => (await fetch(href ?? '')).text(), file);
  expect(calendar).toContain('BEGIN:VEVENT');

  await expect(guest.getByTestId('stage-start_early')).toHaveCount(0);
  await guest.locator('video').focus();
  await guest.keyboard.press('Space');
  await expect(guest.getByTestId('toast').filter({ hasText: 'not begun' })).toBeVisible();

  await host.getByTestId('stage-start_early').click();
  for (const page of [host, guest]) {
    await expect
      .poll(() => page.evaluate(() => window.__watchalong?.room?.timeline.playing))
      .toBe(true);
    await expect(page.getByTestId('scheduled')).toHaveCount(0);
  }
});

test('the lobby opens by itself when the time has come', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.evaluate(() => {
    const probe = window.__watchalong;
    return probe?.send({ do: 'schedule', at: Math.round(probe.serverNow) + 4000 });
  });
  await expect(guest.getByTestId('scheduled')).toContainText('Starts in 0:0');
  await expect(guest.getByTestId('scheduled')).toHaveCount(0);
});
