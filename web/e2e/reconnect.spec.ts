// A lost connection: said, bridged, and mended without anybody doing anything.
import { expect, seated, test } from './support/fixtures';
import { Relay } from './support/relay';
import { allPlay, skew } from './support/skew';

test('a guest whose line breaks watches on and comes back as the same person', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const relay = await Relay.open(server.port);
  const host = await people.host(room);
  const guest = await people.open(relay.through(`${room.url}?name=Ann`));
  await seated(guest);
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  const member = await guest.evaluate(() => window.__watchalong?.room?.you.member);

  relay.cut();
  await expect(guest.getByTestId('reconnecting')).toBeVisible();
  // What is loaded plays on by the last timeline.
  await guest.waitForTimeout(1500);
  await allPlay([guest]);
  // Nobody saw a guest leave, and what is said meanwhile is not lost.
  await host.getByTestId('chat-input').fill('Still there?');
  await host.getByTestId('chat-send').click();
  await host.getByTestId('tab-people').click();
  await expect(host.getByTestId('people-list')).toContainText('Ann');

  relay.mend();
  await seated(guest);
  await expect(guest.getByTestId('reconnecting')).toBeHidden();
  await expect(guest.getByTestId('chat-log')).toContainText('Still there?');
  expect(await guest.evaluate(() => window.__watchalong?.room?.you.member)).toBe(member);
  expect(await guest.evaluate(() => window.__watchalong?.room?.members.length)).toBe(2);
  await guest.waitForTimeout(3000);
  expect(await skew([host, guest])).toBeLessThan(100);
  relay.close();
});

test('a reloaded page is the same person in the same seat', async ({ server, people }) => {
  const room = await server.room();
  await people.host(room);
  const guest = await people.guest(room, 'Ann');
  const member = await guest.evaluate(() => window.__watchalong?.room?.you.member);
  await guest.reload();
  await seated(guest);
  expect(await guest.evaluate(() => window.__watchalong?.room?.you.member)).toBe(member);
});

test('somebody who is sent out hears it and does not come back by themselves', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  const member = await guest.evaluate(() => window.__watchalong?.room?.you.member ?? 0);
  await host.evaluate((one) => window.__watchalong?.send({ do: 'kick', member: one }), member);
  await expect(guest.getByTestId('farewell')).toBeVisible();
  await guest.waitForTimeout(2000);
  await expect(guest.getByTestId('farewell')).toBeVisible();
});
