// Behind a proxy that serves us under a path: everything is found, and links carry the path.
import { expect, loaded, seated, test } from './support/fixtures';
import { PrefixProxy } from './support/prefix';
import { allPlay } from './support/skew';

test('the page works under a path of another site, from the start page to a guest in step', async ({
  server,
  people,
}) => {
  await server.medium('Big Film');
  const proxy = await PrefixProxy.open('/watch', server.port);
  const host = await people.open(`${proxy.origin}/watch/`);
  await host.getByTestId('create-room').click();
  await host.getByTestId('library-item').filter({ hasText: 'Big Film' }).click();
  await seated(host);
  await loaded(host);
  expect(host.url()).toMatch(/\/watch\/r\/[a-z0-9-]+$/);

  await host.getByTestId('invite-open').click();
  const link = await host.getByTestId('invite-link').inputValue();
  expect(link.startsWith(`${proxy.origin}/watch/r/`)).toBe(true);
  await host.keyboard.press('Escape');

  const guest = await people.open(`${link}?name=Ann`);
  await seated(guest);
  await loaded(guest);
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  await guest.reload();
  await seated(guest);
  proxy.close();
});

test('rooms made through the proxy are told with its address', async ({ server }) => {
  const proxy = await PrefixProxy.open('/watch', server.port);
  const answer = await fetch(`${proxy.origin}/watch/api/v2/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const room = (await answer.json()) as { url: string; host_url: string };
  expect(room.url.startsWith(`${proxy.origin}/watch/r/`)).toBe(true);
  expect(room.host_url.startsWith(`${room.url}#host=`)).toBe(true);
  proxy.close();
});
