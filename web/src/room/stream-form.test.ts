import { expect, test } from 'vitest';

import { streamByAddress, streamByType } from './stream-form';

test('a stream is known by its address or by its type', () => {
  expect(streamByAddress('https://a.example/live/Master.M3U8?token=x.mp4')).toBe('hls');
  expect(streamByAddress('https://a.example/film.mpd#t=1')).toBe('dash');
  for (const url of ['https://a.example/film.mp4?x=.m3u8', 'https://a.example/', 'nothing', ''])
    expect(streamByAddress(url)).toBeNull();
  expect(streamByType('application/vnd.apple.mpegurl')).toBe('hls');
  expect(streamByType('application/dash+xml')).toBe('dash');
  expect(streamByType('video/mp4')).toBeNull();
  expect(streamByType(null)).toBeNull();
});
