// In step, measured on shown frames. The bounds are what nobody may exceed on any machine that runs
// tests; how good it really is says the sync lab (`cargo xtask bench sync`).
import { expect, test } from './support/fixtures';
import { allPlay, skew } from './support/skew';

/** People on a call begin to notice at about this, ms. */
const BOUND = 100;

test('two browsers show the same moment', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  await host.waitForTimeout(3000);
  for (let second = 0; second < 4; second++) {
    await host.waitForTimeout(1000);
    expect(await skew([host, guest])).toBeLessThan(BOUND);
  }
});

test('somebody who comes late is with the others three seconds later', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const pages = [await people.host(room), await people.guest(room, 'Ann')];
  await pages[0]?.getByTestId('play-toggle').click();
  await allPlay(pages);
  await pages[0]?.waitForTimeout(4000);

  const late = await people.guest(room, 'Late');
  await allPlay([late]);
  await late.waitForTimeout(3000);
  expect(await skew([...pages, late])).toBeLessThan(BOUND);
});

test('everybody says how far off they are, and the page shows it', async ({ server, people }) => {
  const room = await server.room();
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  await expect(host.getByTestId('sync-state')).toContainText('in step');
  await expect(host.getByTestId('skew')).toHaveAttribute('data-ms', /^-?\d+\.\d$/);
  await host.getByTestId('tab-people').click();
  const row = host.getByTestId('member').filter({ hasText: 'Ann' });
  await expect(row).toContainText(/ms|in step/);
});

test('the lobby waits for whoever still loads, by name, and starts when told to', async ({
  server,
  people,
}) => {
  const policy = { barrier: { do: 'wait', quorum: 1, deadline: 60_000 } } as const;
  const room = await server.room({ title: null, policy });
  const host = await people.host(room);
  const slow = await people.guest(room, 'Slow Ann');
  await slow.context().route('**/media/**', () => undefined);
  const film = await server.medium('Big Film');
  await host.evaluate(
    (media) => window.__watchalong?.send({ do: 'load', media, play: true }),
    film,
  );

  await expect(host.getByTestId('barrier')).toContainText('Waiting for Slow Ann');
  await host.getByTestId('stage-start').click();
  await allPlay([host]);
});
