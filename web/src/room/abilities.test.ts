import { describe, expect, it } from 'vitest';

import { type Asked, wordsOf } from './abilities';

const CHROMIUM = ['video/mp4', 'video/webm', 'avc1.64', 'vp09.00', 'mp4a.40.2', 'codecs="opus"'];

function browser(plays: string[], change: Partial<Asked> = {}): Asked {
  const knows = (type: string): boolean =>
    type.includes('codecs')
      ? plays.some((part) => type.includes(part) && !part.startsWith('video/'))
      : plays.includes(type);
  return {
    canPlayType: (type) => (knows(type) ? 'probably' : ''),
    takesSegments: knows,
    decodes: null,
    sniffsMatroska: false,
    ...change,
  };
}

describe('what a browser plays', () => {
  it('is told in words, for files and for segments', async () => {
    const words = await wordsOf(browser(CHROMIUM, { sniffsMatroska: true }));
    expect(words).toEqual(
      expect.arrayContaining(['mp4', 'webm', 'mkv', 'h264', 'vp9', 'aac', 'opus', 'hls']),
    );
    expect(words).toEqual(expect.arrayContaining(['hls-h264', 'hls-vp9']));
    expect(words).not.toContain('hevc');
    expect(words).not.toContain('ac3');
  });

  it('leaves out what the device can not decode, whatever the type check says', async () => {
    const words = await wordsOf(
      browser([...CHROMIUM, 'hvc1.1.6'], {
        decodes: (config) =>
          Promise.resolve({ supported: !config.video?.contentType.includes('hvc1') }),
      }),
    );
    expect(words).toContain('h264');
    expect(words).not.toContain('hevc');
    expect(words).not.toContain('hls-hevc');
  });

  it('believes the type check where the other question is not understood', async () => {
    const decodes = (): Promise<never> => Promise.reject(new TypeError('no such type'));
    expect(await wordsOf(browser(CHROMIUM, { decodes }))).toContain('h264');
  });

  it('of an iPhone without Media Source Extensions is its own HLS', async () => {
    const plays = [...CHROMIUM, 'application/vnd.apple.mpegurl'];
    const words = await wordsOf(browser(plays, { takesSegments: null }));
    expect(words).toEqual(expect.arrayContaining(['hls', 'hls-h264']));
  });

  it('has no HLS where a browser can do neither', async () => {
    expect(await wordsOf(browser(CHROMIUM, { takesSegments: null }))).not.toContain('hls');
  });
});
