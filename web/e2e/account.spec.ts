// What somebody may do with their account, and the operator with everybody's: against the real server.
import { readFile } from 'node:fs/promises';

import { avatar, logIn, member, PASSWORD, someEmail } from './support/accounts';
import { expect, test } from './support/fixtures';
import { ADMIN_KEY } from './support/server';

test('a new name and a new password hold, and the old password does not', async ({
  server,
  people,
}) => {
  const { page, email } = await member(server, people, 'Ann');
  await page.goto(`${server.origin}/account`);
  await page.getByTestId('profile-name').fill('Annika');
  await page.getByTestId('profile-save').click();
  await expect(avatar(page, 'Annika')).toBeVisible();

  await page.getByLabel('Password of now').fill('not this');
  await page.getByLabel('New password').fill('another long one');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByLabel('Password of now')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Password of now').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByLabel('Password of now')).toHaveValue('');

  const phone = await people.open(server.origin);
  await logIn(phone, server, email);
  await expect(phone.getByRole('alert')).toBeVisible();
  await logIn(phone, server, email, 'another long one');
  await expect(avatar(phone, 'Annika')).toBeVisible();
});

test('somebody who is logged in is asked for no name, in their own room and in others', async ({
  server,
  people,
}) => {
  const { page } = await member(server, people, 'Ann Lee');
  const shown = (): Promise<string | undefined> =>
    page.evaluate(() => {
      const room = window.__watchalong?.room;
      return room?.members.find(({ id }) => id === room.you.member)?.name;
    });
  const theirs = await server.room({ title: null });
  await page.goto(theirs.url);
  await expect.poll(shown).toBe('Ann Lee');
  // Also where this browser has never heard of them, as after a login at a provider.
  await page.evaluate(() => localStorage.clear());
  const other = await server.room({ title: null });
  await page.goto(other.url);
  await expect.poll(shown).toBe('Ann Lee');

  await page.evaluate(() => localStorage.removeItem('watchalong.name'));
  await page.goto(server.origin);
  await page.getByTestId('create-room').click();
  await page.getByTestId('create-empty').click();
  await expect.poll(shown).toBe('Ann Lee');
  // It is a name like any other: changed for this room in two clicks.
  await page.getByTestId('tab-people').click();
  await page.getByRole('button', { name: 'What to do with Ann Lee' }).click();
  await page.getByRole('menuitem', { name: 'Change my name' }).click();
  await page.getByLabel('Your name').fill('Annie');
  await page.keyboard.press('Enter');
  await expect.poll(shown).toBe('Annie');
});

test('other devices are logged out, one or all', async ({ server, people }) => {
  const { page, email } = await member(server, people, 'Ann');
  const phone = await people.open(server.origin);
  await logIn(phone, server, email);
  await expect(avatar(phone, 'Ann')).toBeVisible();

  await page.goto(`${server.origin}/account`);
  await page.getByRole('button', { name: /^Log out .*, seen/ }).click();
  await expect(page.getByRole('button', { name: /^Log out .*, seen/ })).toHaveCount(0);
  await phone.reload();
  await expect(
    phone.getByTestId('log-in-link').or(phone.getByTestId('log-in-email')),
  ).toBeVisible();

  await logIn(phone, server, email);
  await expect(avatar(phone, 'Ann')).toBeVisible();
  await page.getByTestId('log-out-everywhere').click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Log out/ })
    .click();
  for (const one of [page, phone]) {
    await one.goto(`${server.origin}/account`);
    await expect(one.getByTestId('log-in-email')).toBeVisible();
  }
});

test('somebody takes their data along, and takes their account away', async ({
  server,
  people,
}) => {
  const { page, email } = await member(server, people, 'Ann');
  await page.goto(`${server.origin}/account`);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByTestId('export').click(),
  ]);
  const data = JSON.parse(await readFile(await download.path(), 'utf8')) as object;
  expect(JSON.stringify(data)).toContain(email);
  expect(JSON.stringify(data)).not.toContain('argon2');

  await page.getByTestId('delete-account').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/Your password/).fill(PASSWORD);
  await dialog.getByRole('button', { name: /Delete/ }).click();
  await expect(page.getByTestId('log-in-link').or(page.getByTestId('log-in-email'))).toBeVisible();
  await logIn(page, server, email);
  await expect(page.getByRole('alert')).toBeVisible();
});

test('the operator adds somebody, keeps them out, and removes them', async ({ server, people }) => {
  const email = someEmail();
  const admin = await people.open(`${server.origin}/admin#people`);
  await admin.getByTestId('admin-key').fill(ADMIN_KEY);
  await admin.getByTestId('admin-enter').click();
  await admin.getByRole('button', { name: /^Add/ }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Ben the Builder');
  await dialog.getByLabel('E-mail').fill(email);
  await dialog.getByLabel('Password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const row = admin.getByTestId('admin-person').filter({ hasText: email });
  await expect(row).toBeVisible();

  const ben = await people.open(server.origin);
  await logIn(ben, server, email);
  await expect(avatar(ben, 'Ben the Builder')).toBeVisible();

  const does = async (what: string): Promise<void> => {
    await row.getByRole('button', { name: /What to do with/ }).click();
    await admin.getByRole('menuitem', { name: what }).click();
  };
  await does('Disable');
  await expect(row).toContainText(/disabled/i);
  await ben.reload();
  await expect(avatar(ben, 'Ben the Builder')).toHaveCount(0);
  await logIn(ben, server, email);
  await expect(ben.getByRole('alert')).toBeVisible();

  await does('Let in again');
  await logIn(ben, server, email);
  await expect(avatar(ben, 'Ben the Builder')).toBeVisible();

  await does('Remove…');
  await admin
    .getByRole('dialog')
    .getByRole('button', { name: /Remove/ })
    .click();
  await expect(row).toHaveCount(0);
  await ben.reload();
  await expect(avatar(ben, 'Ben the Builder')).toHaveCount(0);
});
