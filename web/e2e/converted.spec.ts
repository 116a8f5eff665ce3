// Films that a browser can't play as they are: converted by the server, and in step with everybody.
import type { Page } from '@playwright/test';

import { expect, test } from './support/fixtures';
import { allPlay, position, skew } from './support/skew';

/** People on a call begin to notice at about this, ms. */
const BOUND = 100;

/** Makes a browser one that opens no Matroska, as Safari. */
function noMatroska(): void {
  const own = HTMLMediaElement.prototype.canPlayType;
  HTMLMediaElement.prototype.canPlayType = function (type) {
    return type.includes('matroska') ? '' : own.call(this, type);
  };
  Object.defineProperty(navigator, 'userAgentData', { value: undefined });
  Object.defineProperty(navigator, 'userAgent', { value: 'Safari/605.1.15' });
}

/** Where the film comes from: the file's address, or segments. */
function source(page: Page): Promise<'file' | 'segments'> {
  return page.evaluate(() =>
    document.querySelector('video')?.currentSrc.startsWith('blob:') ? 'segments' : 'file',
  );
}

/** They come together, and are together again a while later; a busy machine may tear them apart in between. */
async function inStep(pages: Page[]): Promise<void> {
  for (let time = 0; time < 2; time++) {
    await pages[0]?.waitForTimeout(1500);
    await expect.poll(() => skew(pages), { timeout: 40_000 }).toBeLessThan(BOUND);
  }
}

test('a film in HEVC and Dolby Digital plays for both, and a seek finds them together', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: 'Disc Film' });
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  expect(await source(host)).toBe('segments');
  await host.getByTestId('play-toggle').click();
  await allPlay([host, guest]);
  await inStep([host, guest]);

  await host.evaluate(() => window.__watchalong?.send({ do: 'seek', position: 60 }));
  for (const page of [host, guest])
    await expect.poll(() => position(page), { timeout: 40_000 }).toBeGreaterThan(60.5);
  await allPlay([host, guest]);
  await inStep([host, guest]);
  await host.getByTestId('picture-menu').click();
  await expect(host.getByTestId('picture-why')).toContainText('Dolby Digital');
});

test('who plays the file and who gets it repackaged see the same moment', async ({
  server,
  people,
}) => {
  const room = await server.room({ title: 'Chest Film' });
  const direct = await people.host(room);
  const repackaged = await people.guest(room, 'Ann', { before: noMatroska });
  expect(await source(direct)).toBe('file');
  expect(await source(repackaged)).toBe('segments');
  await direct.getByTestId('play-toggle').click();
  await allPlay([direct, repackaged]);
  await inStep([direct, repackaged]);
});

test('subtitles and sound are chosen by each viewer alone', async ({ server, people }) => {
  const room = await server.room({ title: 'Disc Film' });
  const host = await people.host(room);
  const guest = await people.guest(room, 'Ann');
  await host.getByTestId('subtitle-menu').click();
  await host.getByTestId('subtitle-tracks').getByText('en', { exact: true }).click();
  await expect(host.getByTestId('subtitles')).toHaveText('A line to read');
  await host.getByRole('button', { name: '+0.5 s' }).click();
  await expect(host.getByTestId('subtitle-delay')).toHaveText('+0.5 s');
  // It now begins half a second into the film, where nobody is yet.
  await expect(host.getByTestId('subtitles')).toHaveText('');
  await host.keyboard.press('Escape');

  const german = host.waitForRequest(/\/a1\/\d+\.m4s/);
  await host.getByTestId('picture-menu').click();
  await host.getByTestId('sound-tracks').getByText('ger').click();
  await german;
  await host.keyboard.press('Escape');
  await expect(guest.getByTestId('subtitles')).toHaveText('');
});

test('a subtitle of one’s own is read from the file, with its looks', async ({
  server,
  people,
}) => {
  const room = await server.room();
  const host = await people.host(room);
  await host.getByTestId('subtitle-menu').click();
  const drop = (name: string, text: string): Promise<void> =>
    host.getByTestId('subtitle-file').setInputFiles({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(text),
    });
  await drop('mine.srt', '1\n00:00:00,000 --> 00:10:00,000\nMine alone\n');
  await expect(host.getByTestId('subtitles')).toHaveText('Mine alone');
  await drop(
    'mine.ass',
    [
      '[Script Info]\nScriptType: v4.00+\nPlayResX: 640\nPlayResY: 360\n\n[V4+ Styles]',
      'Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Alignment',
      'Style: Default,Arial,40,&H0000FF00,0,5\n\n[Events]',
      'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
      'Dialogue: 0,0:00:00.00,0:10:00.00,Default,,0,0,0,,Styled\n',
    ].join('\n'),
  );
  const drawn = host.getByTestId('subtitles').locator('.ASS-dialogue');
  await expect(drawn).toHaveCount(1);
  expect(await drawn.evaluate((line) => getComputedStyle(line).position)).toBe('absolute');
  await drop('nothing.srt', 'no subtitle at all');
  await expect(host.getByRole('alert')).toContainText('Nothing to read');
});
