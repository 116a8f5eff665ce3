// Opening a room, and coming into one.
import { expect, loaded, seated, test } from './support/fixtures';

test('a host opens a room in two clicks and has a link to share', async ({ server, people }) => {
  await server.medium('Big Film');
  const page = await people.open(server.origin);
  await page.getByTestId('create-room').click();
  await page.getByTestId('library-item').filter({ hasText: 'Big Film' }).click();

  await expect(page).toHaveURL(/\/r\/[a-z0-9-]+$/);
  await seated(page);
  await loaded(page);
  expect(await page.evaluate(() => window.__watchalong?.room?.you.rights.host)).toBe(true);

  await page.getByTestId('invite-open').click();
  const link = await page.getByTestId('invite-link').inputValue();
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/r\/[a-z0-9-]+$/);

  const guest = await people.open(link);
  await guest.getByTestId('name-input').fill('Ann');
  await guest.getByTestId('join-button').click();
  await seated(guest);
  await expect(guest.getByTestId('room-title')).toBeVisible();
});

test('a guest needs a link and a name, and is seen by the others', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.open(room.url);
  await expect(guest.getByTestId('join-button')).toBeDisabled();
  await guest.getByTestId('name-input').fill('Ann');
  await guest.keyboard.press('Enter');
  await seated(guest);

  await host.getByTestId('tab-people').click();
  await expect(host.getByTestId('people-list')).toContainText('Ann');
  expect(await guest.evaluate(() => window.__watchalong?.room?.you.rights.host)).toBe(false);
});

test('a link with a name asks nothing', async ({ server, people }) => {
  const room = await server.room();
  const guest = await people.guest(room, 'Zoë & Max');
  const names = await guest.evaluate(() =>
    window.__watchalong?.room?.members.map((one) => one.name),
  );
  expect(names).toContain('Zoë & Max');
});

test('the host link works once for the host and leaves no key in the address bar', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  expect(host.url()).not.toContain(room.host_key);
  await host.reload();
  await seated(host);
  expect(await host.evaluate(() => window.__watchalong?.room?.you.rights.host)).toBe(true);
});

test('a code is joined from the start page, whatever its case and hyphens', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const page = await people.open(server.origin);
  await page.getByTestId('join-code').fill(room.code.toUpperCase().replaceAll('-', ''));
  await page.keyboard.press('Enter');
  await page.getByTestId('name-input').fill('Ann');
  await page.getByTestId('join-button').click();
  await seated(page);
});

test('a room that is not there is said so', async ({ server, people }) => {
  const page = await people.open(`${server.origin}/r/nobody-home`);
  await expect(page.getByTestId('notice')).toContainText('no such room');
});

test('a password is asked for, and a wrong one does not open the door', async ({
  server,
  people,
}) => {
  const room = await server.room({ policy: { entry: 'password' }, password: 'popcorn' });
  const guest = await people.open(`${room.url}?name=Ann`);
  await guest.getByTestId('password-input').fill('peanuts');
  await guest.getByTestId('join-button').click();
  await expect(guest.getByRole('alert')).toBeVisible();
  await guest.getByTestId('password-input').fill('popcorn');
  await guest.getByTestId('join-button').click();
  await seated(guest);
});

test('the host lets somebody in who knocks', async ({ server, people }) => {
  const room = await server.room({ policy: { entry: 'approval' } });
  const host = await people.host(room);
  const guest = await people.open(`${room.url}?name=Ann`);
  await expect(guest.getByTestId('pending')).toContainText('Waiting to be let in');
  await host.getByTestId('tab-people').click();
  await host
    .getByRole('region', { name: 'At the door' })
    .getByRole('button', { name: 'Let in' })
    .click();
  await seated(guest);
});

test('the page loads nothing from elsewhere', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const addresses = await host.evaluate(() =>
    performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin),
  );
  expect(
    [...new Set(addresses)].filter((origin) => origin !== server.origin && origin !== 'null'),
  ).toEqual([]);
});
