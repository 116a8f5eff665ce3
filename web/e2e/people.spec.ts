// Who is in the room: the door, roles, sending out, reports, and what of it is written down.
import type { Page } from '@playwright/test';

import { expect, seated, test } from './support/fixtures';

const role = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => {
    const room = window.__watchalong?.room;
    return room?.members.find((member) => member.id === room.you.member)?.role;
  });

/** Opens the menu of somebody in the people's list and chooses. */
async function choose(page: Page, name: string, choice: string): Promise<void> {
  await page.getByTestId('tab-people').click();
  await page.getByRole('button', { name: `What to do with ${name}` }).click();
  await page.getByRole('menuitem', { name: choice }).click();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-send').click();
  await expect(page.getByTestId('chat-log')).toContainText(text);
}

test('who knocks is let in from the note over the picture', async ({ server, people }) => {
  const room = await server.room({ policy: { entry: 'approval' } });
  const host = await people.host(room);
  const guest = await people.open(`${room.url}?name=Ann`);
  await expect(guest.getByTestId('pending')).toContainText('Ann');
  const note = host.getByTestId('toast').filter({ hasText: 'Ann wants to come in' });
  await note.getByRole('button', { name: 'Let in' }).click();
  await seated(guest);
  await expect(note).toHaveCount(0);
});

test('who is not let in is told so, and can be let in after all', async ({ server, people }) => {
  const room = await server.room({ policy: { entry: 'approval' } });
  const host = await people.host(room);
  const guest = await people.open(`${room.url}?name=Ann`);
  await host
    .getByTestId('toast')
    .filter({ hasText: 'Ann wants' })
    .getByRole('button', { name: 'Not now' })
    .click();
  await expect(guest.getByTestId('farewell')).toContainText('Not this time');

  // Knocking again at once is not heard, so that nobody can keep ringing.
  await guest.getByTestId('again').click();
  await expect(guest.getByTestId('farewell')).toContainText('knock again in');

  await host
    .getByTestId('toast')
    .filter({ hasText: 'Ann was not let in' })
    .getByRole('button', { name: 'Let in after all' })
    .click();
  await expect(async () => {
    await guest.getByTestId('again').click({ timeout: 1000 });
    await seated(guest);
  }).toPass();
});

test('the room is handed over, after a second question', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await choose(host, 'Ann', 'Hand the room over');
  await expect(host.getByRole('dialog')).toContainText('Hand the room over to Ann?');
  await host.getByRole('button', { name: 'Keep it' }).click();
  expect(await role(guest)).toBe('viewer');

  await choose(host, 'Ann', 'Hand the room over');
  await host.getByTestId('hand-over-confirm').click();
  await expect.poll(() => role(guest)).toBe('host');
  await expect.poll(() => role(host)).toBe('co_host');
  await expect(
    guest.getByTestId('toast').filter({ hasText: 'You are the host now' }),
  ).toBeVisible();
});

test('who is banned goes, stays out, and comes back when the ban is lifted', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await choose(host, 'Ann', 'Ban');
  await host.getByTestId('ban-confirm').click();
  await expect(guest.getByTestId('farewell')).toContainText('can’t come in');
  await guest.reload();
  await expect(guest.getByTestId('farewell').or(guest.getByTestId('join-button'))).toBeVisible();

  const bans = host.getByRole('region', { name: 'Banned' });
  await expect(bans).toContainText('Ann');
  await bans.getByRole('button', { name: 'Lift the ban' }).click();
  await expect(bans).toHaveCount(0);
  await guest.goto(`${room.url}?name=Ann`);
  await seated(guest);
});

test('with somebody’s address, whoever comes from there stays out', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  await people.guest(room, 'Ann');
  await choose(host, 'Ann', 'Ban');
  await host.getByTestId('ban-address').check();
  await host.getByTestId('ban-confirm').click();
  await expect(host.getByRole('region', { name: 'Banned' })).toContainText('and their address');
  // Another browser, hence another person, from the same machine.
  const stranger = await people.open(`${room.url}?name=Ben`);
  await expect(stranger.getByTestId('farewell')).toContainText('can’t come in');
});

test('who is muted reads why, and loses nothing of what was begun', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await guest.getByTestId('chat-input').fill('I was about to');
  await choose(host, 'Ann', 'Mute in the chat');
  await expect(guest.getByText('The host has muted you.')).toBeVisible();
  await expect(guest.getByTestId('chat-input')).toHaveValue('I was about to');
  await choose(host, 'Ann', 'Let them write');
  await expect(guest.getByTestId('chat-input')).toBeEditable();
  await guest.getByTestId('chat-send').click();
  await expect(host.getByTestId('member').first()).toBeVisible();
  await host.getByTestId('tab-chat').click();
  await expect(host.getByTestId('chat-log')).toContainText('I was about to');
});

test('a message is reported, seen by the host alone, and settled', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const bad = await people.guest(room, 'Ben');
  const good = await people.guest(room, 'Ann');
  await say(bad, 'The butler did it');
  const line = good.getByTestId('chat-log').getByRole('listitem').filter({ hasText: 'butler' });
  await line.hover();
  await line.getByRole('button', { name: /Report/ }).click();
  await good.getByLabel('Spoils the film').check();
  await good.getByTestId('report-send').click();
  await expect(good.getByTestId('toast').filter({ hasText: 'has been told' })).toBeVisible();

  await host
    .getByTestId('toast')
    .filter({ hasText: 'Ann reported' })
    .getByRole('button', { name: 'Look' })
    .click();
  const reports = host.getByTestId('reports');
  await expect(reports).toContainText('Spoils the film');
  await expect(reports).toContainText('The butler did it');
  expect(await bad.evaluate(() => window.__watchalong?.room?.reports ?? null)).toBeNull();

  await reports.getByRole('button', { name: 'Delete it' }).click();
  await expect(good.getByTestId('chat-log')).toContainText('message deleted');
  await reports.getByRole('button', { name: 'Done' }).click();
  await expect(reports).toContainText('Nothing was reported');
});

test('what moderators did is written down, also while they look', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  await people.guest(room, 'Ann');
  await choose(host, 'Ann', 'Make co-host');
  await host.getByTestId('people-acts').click();
  const log = host.getByTestId('audit');
  await expect(log).toContainText('made Ann a co-host');
  await host.evaluate(() => window.__watchalong?.send({ do: 'room_name', name: 'Other night' }));
  await expect(log.getByRole('listitem').first()).toContainText('renamed the room (Other night)');
});

test('one’s own rights are told in words', async ({ server, people }) => {
  const room = await server.room({ policy: { controls: { seek: 'host' } } });
  const guest = await people.guest(room, 'Ann');
  await guest.getByTestId('tab-people').click();
  await guest.getByRole('button', { name: 'What may I do here?' }).click();
  const rights = guest.getByTestId('my-rights');
  await expect(rights).toContainText('You can play and pause.');
  await expect(rights).toContainText('Only the host can skip here.');
});
