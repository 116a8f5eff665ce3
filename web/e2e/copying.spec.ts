// A film that is still being written: the page says so and tries again by itself.
import { copyFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { expect, loaded, seated, test } from './support/fixtures';
import { testFilms } from './support/media';

/** A file counts as whole after 2 s without a change. */
const TOUCH_EVERY_MS = 400;

test('a film that is still being copied starts without a click once it is whole', async ({
  server,
  people,
}) => {
  const path = join(testFilms(), 'Fresh Film.mp4');
  copyFileSync(join(testFilms(), 'Short Film.mp4'), path);
  let writing: NodeJS.Timeout | undefined;
  try {
    const room = await server.room({ title: 'Fresh Film' });
    const write = (): void => utimesSync(path, new Date(), new Date());
    write();
    writing = setInterval(write, TOUCH_EVERY_MS);
    const page = await people.open(room.host_url);
    await seated(page);
    await expect(page.getByTestId('stage-note')).toContainText('still being copied');
    clearInterval(writing);
    await expect(page.getByTestId('stage-note')).toHaveCount(0);
    await loaded(page);
  } finally {
    clearInterval(writing);
    rmSync(path, { force: true });
  }
});
