import { describe, expect, it } from 'vitest';

import { beginnings } from './prewarm';

describe('the next film', () => {
  it('that is converted begins with its best picture and its own sound', () => {
    const master = [
      '#EXTM3U',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="1 eng",DEFAULT=NO,URI="a0.m3u8"',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="2 ger",DEFAULT=YES,URI="a1.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=6000000',
      'v1080.m3u8',
      '#EXT-X-STREAM-INF:BANDWIDTH=3000000',
      'v720.m3u8',
      '',
    ].join('\n');
    expect(beginnings(master)).toEqual(['v1080/0.m4s', 'a1/0.m4s']);
  });

  it('without a playlist has nothing to begin with', () => {
    expect(beginnings('')).toEqual([]);
    expect(beginnings('#EXTM3U\nhttps://elsewhere.example/x.m3u8')).toEqual([]);
  });
});
