// Accounts, what is kept about somebody, and the operator's page.
import type { Page } from '@playwright/test';

import { avatar, logIn, member, PASSWORD, someEmail } from './support/accounts';
import { findings } from './support/axe';
import { expect, loaded, seated, test } from './support/fixtures';
import { PrefixProxy } from './support/prefix';
import { ADMIN_KEY } from './support/server';

async function signUp(page: Page, email: string, name?: string): Promise<void> {
  if (name !== undefined) await page.getByTestId('sign-up-name').fill(name);
  await page.getByTestId('sign-up-email').fill(email);
  await page.getByTestId('sign-up-password').fill(PASSWORD);
  await page.getByTestId('sign-up').click();
}

test('somebody signs up by an invitation, logs out, and logs in again', async ({
  server,
  people,
}) => {
  const email = someEmail();
  const page = await people.open(await server.invitation());
  await expect(page).not.toHaveURL(/invite/);
  await signUp(page, email, 'Ann');
  await expect(avatar(page, 'Ann')).toBeVisible();

  await page.goto(`${server.origin}/account`);
  await page.getByTestId('log-out').click();
  await expect(page.getByTestId('log-in-link')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('log-in-email')).toBeVisible();

  await page.getByTestId('log-in-email').fill(email);
  await page.getByTestId('log-in-password').fill('something else');
  await page.getByTestId('log-in').click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByTestId('log-in-password').fill(PASSWORD);
  await page.getByTestId('log-in').click();
  await expect(avatar(page, 'Ann')).toBeVisible();
});

test('a mistake is said at its field, and an invitation works once', async ({ server, people }) => {
  const url = await server.invitation();
  const page = await people.open(url);
  await signUp(page, 'not an address', 'Ann');
  await expect(page.getByTestId('sign-up-email')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByTestId('sign-up-name')).toHaveAttribute('aria-invalid', 'false');
  await signUp(page, someEmail());
  await expect(avatar(page, 'Ann')).toBeVisible();

  const late = await people.open(url);
  await signUp(late, someEmail(), 'Late Ben');
  await expect(late.getByRole('alert')).toBeVisible();
});

test('a guest who makes an account keeps room and name, also on another device', async ({
  server,
  people,
}) => {
  const elsewhere = await server.room();
  const page = await people.guest(elsewhere, 'Zoë');
  await page.goto(server.origin);
  await page.getByTestId('create-room').click();
  await page.getByTestId('party-options').click();
  await page.getByLabel('Name of the room').fill('Zoë’s evening');
  await page.getByTestId('library-item').filter({ hasText: 'Big Film' }).click();
  await seated(page);
  const code = new URL(page.url()).pathname.split('/').at(-1) ?? '';

  const email = someEmail();
  await page.goto(await server.invitation());
  await expect(page.getByTestId('sign-up-name')).toHaveValue('Zoë');
  await signUp(page, email);
  await expect(avatar(page, 'Zoë')).toBeVisible();
  await expect(page.getByTestId('my-rooms')).toContainText('Zoë’s evening');

  const phone = await people.open(server.origin);
  await logIn(phone, server, email);
  await phone.getByTestId('my-rooms').getByText('Zoë’s evening').click();
  await expect(phone).toHaveURL(new RegExp(`/r/${code}$`));
  // The room is new to this browser; who is logged in is known there by name, and asked nothing.
  await seated(phone);
  const room = await phone.evaluate(() => window.__watchalong?.room);
  expect(room?.you.rights.host).toBe(true);
  expect(room?.members.find(({ id }) => id === room.you.member)?.name).toMatch(/^Zoë/);
});

test('what was begun is on the start page: one click joins, or goes on where it stopped', async ({
  server,
  people,
}) => {
  const room = await server.room({ name: 'Half a film' });
  const page = await people.host(room);
  await page.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 60 }));
  await page.getByTestId('play-toggle').click();
  await expect
    .poll(() => page.evaluate(() => document.querySelector('video')?.currentTime ?? 0))
    .toBeGreaterThan(60.5);
  await page.goto(server.origin);

  const item = page.getByTestId('continue-item').filter({ hasText: 'Half a film' });
  await expect(item).toBeVisible();
  await item.click();
  await expect(page).toHaveURL(new RegExp(`/r/${room.code}$`));
  await seated(page);

  await fetch(`${server.origin}/api/v2/rooms/${room.code}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${room.host_key}` },
  });
  await expect(page.getByTestId('farewell')).toBeVisible();
  await page.goto(server.origin);
  await item.click();
  await expect(page).toHaveURL(/\/r\//);
  await seated(page);
  await loaded(page);
  expect(page.url()).not.toContain(room.code);
  const position = await page.evaluate(() => window.__watchalong?.room?.timeline.position ?? 0);
  expect(position).toBeGreaterThan(59);

  await page.goto(`${server.origin}/history`);
  const party = page.getByTestId('party').filter({ hasText: 'Half a film' });
  await expect(party.first()).toBeVisible();
  await page.getByTestId('delete-history').click();
  await page.getByTestId('confirm').click();
  await expect(page.getByTestId('continue-item')).toHaveCount(0);
});

test('a party is scheduled from the start page, with an entry for the calendar', async ({
  server,
  people,
}) => {
  // Without summer time: Kolkata is five and a half hours ahead all year.
  const page = await people.open(server.origin, { timezoneId: 'Asia/Kolkata', locale: 'en-GB' });
  const day = new Date(Date.now() + 3 * 24 * 3600_000).toISOString().slice(0, 10);
  await page.getByTestId('create-room').click();
  await page.getByTestId('party-options').click();
  await page.getByTestId('party-begin').fill(`${day}T20:15`);
  await page.getByTestId('library-item').filter({ hasText: 'Big Film' }).click();
  const scheduled = page.getByTestId('scheduled');
  await expect(scheduled).toContainText('20:15');
  const link = await scheduled.getByRole('link', { name: /calendar/ }).getAttribute('href');
  const calendar = await (await fetch(link ?? '')).text();
  expect(calendar).toContain(`DTSTART:${day.replaceAll('-', '')}T144500Z`);
  await page.goto(server.origin);
  await expect(page.getByTestId('my-rooms')).toContainText('20:15');
});

test('the operator ends a room, and sees the log as it is written', async ({ server, people }) => {
  const room = await server.room({ name: 'Over soon' });
  const guest = await people.guest(room, 'Ann');
  const admin = await people.open(`${server.origin}/admin`);
  await admin.getByTestId('admin-key').fill('not the key');
  await admin.getByTestId('admin-enter').click();
  await expect(admin.getByRole('alert')).toBeVisible();
  await admin.getByTestId('admin-key').fill(ADMIN_KEY);
  await admin.getByTestId('admin-enter').click();
  await expect(admin.getByTestId('health')).toContainText('All is well');

  await admin.getByTestId('admin-rooms').click();
  const row = admin.getByTestId('admin-room').filter({ hasText: room.code });
  await row.getByRole('button', { name: /^End/ }).click();
  await admin.getByTestId('confirm').click();
  await expect(guest.getByTestId('farewell')).toBeVisible();
  await expect(row.getByRole('button', { name: /^End/ })).toHaveCount(0);

  await admin.getByTestId('admin-logs').click();
  const log = admin.getByTestId('log');
  await expect(log).toContainText('watchalong');
  const next = await server.room({ title: null });
  await expect(log).toContainText(next.code);
});

test('the pages work under a path of another site', async ({ server, people }) => {
  const proxy = await PrefixProxy.open('/watch', server.port);
  const page = await people.open(`${proxy.origin}/watch/account`);
  await expect(page.getByTestId('log-in-email')).toBeVisible();
  await page.goto(`${proxy.origin}/watch/history/`);
  await page.getByRole('link', { name: 'Start a party' }).click();
  await expect(page.getByTestId('create-room')).toBeVisible();
  expect(page.url()).toBe(`${proxy.origin}/watch/`);
  proxy.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe-core finds nothing on these pages, ${colorScheme}`, async ({ server, people }) => {
    const options = { colorScheme, reducedMotion: 'reduce' } as const;
    await server.room({ policy: { visibility: 'public' } });

    const stranger = await people.open(await server.invitation(), options);
    await signUp(stranger, 'wrong', '');
    expect(await findings(stranger), 'sign up').toEqual([]);
    await stranger.goto(`${server.origin}/account`);
    await expect(stranger.getByTestId('log-in')).toBeVisible();
    expect(await findings(stranger), 'log in').toEqual([]);
    await stranger.goto(`${server.origin}/history`);
    await expect(stranger.getByTestId('no-parties')).toBeVisible();
    expect(await findings(stranger), 'empty history').toEqual([]);

    const { page } = await member(server, people, 'Ann', options);
    await page.goto(`${server.origin}/account`);
    await expect(page.getByText('here', { exact: true })).toBeVisible();
    expect(await findings(page), 'account').toEqual([]);
    await page.getByTestId('delete-account').click();
    expect(await findings(page), 'delete').toEqual([]);
    await page.keyboard.press('Escape');

    await page.goto(`${server.origin}/admin`);
    await expect(page.getByTestId('admin-key')).toBeVisible();
    expect(await findings(page), 'gate').toEqual([]);
    await page.getByTestId('admin-key').fill(ADMIN_KEY);
    await page.getByTestId('admin-enter').click();
    for (const part of [
      'overview',
      'rooms',
      'people',
      'library',
      'uploads',
      'delivery',
      'settings',
      'audit',
      'logs',
    ]) {
      await page.getByTestId(`admin-${part}`).click();
      expect(await findings(page), part).toEqual([]);
    }
  });
}
