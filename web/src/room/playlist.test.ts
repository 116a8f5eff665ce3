import { describe, expect, it } from 'vitest';

import { fileName, mediaRef, type Playlist, readPlaylist, writeJson, writeM3u8 } from './playlist';
import { addAll, importText } from './queue-import';
import { wanted } from './prewarm';
import { timeLeftInAll } from './queue-time';
import { room } from './testing';

const list: Playlist = {
  name: 'Friday',
  entries: [
    { kind: 'library', key: 'abc123', title: 'Big Film', duration: 600 },
    { kind: 'url', key: 'https://example.org/a.mp4?x=1', title: 'A', duration: null },
    { kind: 'upload', key: 'ff00', title: 'Our\nTrip', duration: 12 },
  ],
};

describe('a queue as a file', () => {
  it('comes back from JSON as it was', () => {
    expect(readPlaylist(writeJson(list))).toEqual(list);
  });

  it('keeps films of providers in both forms', () => {
    const talk = { kind: 'embed', key: 'vimeo:76979871/8272103f6e', title: 'A talk', duration: 62 };
    const talks = { name: 'Talks', entries: [talk] } as Playlist;
    for (const text of [writeJson(talks), writeM3u8(talks)])
      expect(readPlaylist(text)).toEqual(talks);
    expect(mediaRef(talk)).toEqual({ kind: 'embed', key: talk.key, title: 'A talk' });
  });

  it('comes back from M3U8 with titles on one line', () => {
    const text = writeM3u8(list);
    expect(text).toContain('#EXTINF:600,Big Film\nwatchalong:library/abc123\n');
    const back = readPlaylist(text.replace(/\n/g, '\r\n'));
    expect(back.name).toBe('Friday');
    expect(back.entries.map(({ kind, key }) => [kind, key])).toEqual(
      list.entries.map(({ kind, key }) => [kind, key]),
    );
    expect(back.entries[2]?.title).toBe('Our Trip');
  });

  it("takes a path on somebody's disk for the title that it has", () => {
    const text = '#EXTM3U\n# a note\nC:\\Films\\The%20Kid.mkv\n#EXTINF:-1,Named\n/x/y.avi\n';
    expect(readPlaylist(text).entries).toEqual([
      { kind: 'title', key: '', title: 'The Kid', duration: null },
      { kind: 'title', key: '', title: 'Named', duration: null },
    ]);
  });

  it('says what is wrong with a file that is none', () => {
    expect(() => readPlaylist('{"items":')).toThrow('broken');
    expect(() => readPlaylist('{"a":1}')).toThrow('no list of items');
    expect(() => readPlaylist('#EXTM3U\n')).toThrow('nothing to play');
    expect(() => readPlaylist('#EXTM3U\n#EXT-X-STREAM-INF:B=1\na.m3u8')).toThrow('a stream');
    expect(() => readPlaylist('a.mp4\n'.repeat(501))).toThrow('501');
  });

  it('reads nothing into what others may have written there', () => {
    const odd = JSON.stringify([{ kind: 'library', key: 5 }, null, 7, 'javascript:alert(1)', {}]);
    expect(readPlaylist(odd).entries).toEqual([
      { kind: 'title', key: '', title: 'javascript:alert(1)', duration: null },
    ]);
    expect(fileName('../../etc/pass wd?', 'json')).toBe('etc pass wd.json');
    expect(fileName('…', 'm3u8')).toBe('queue.m3u8');
  });

  it('asks the room for each kind in its own way', () => {
    expect(list.entries.map(mediaRef)).toEqual([
      'abc123',
      { kind: 'url', url: 'https://example.org/a.mp4?x=1', title: 'A' },
      { kind: 'upload', key: 'ff00' },
    ]);
  });
});

describe('an import', () => {
  const refusal = (code: string, more = {}) => Object.assign(new Error(code), { code, ...more });

  it('finds by title what another server knew by another id, and tells what is missing', async () => {
    const added: unknown[] = [];
    const done = await addAll(list.entries, {
      add: (media) => {
        if (media === 'abc123' || typeof media === 'object')
          return Promise.reject(refusal('media_not_found'));
        added.push(media);
        return Promise.resolve();
      },
      find: (title) => Promise.resolve(title === 'Big Film' ? 'new1' : null),
    });
    expect(added).toEqual(['new1']);
    expect(importText(done)).toBe('One is in the queue. Not found here: “A”, “Our\nTrip”.');
  });

  it('waits where the server wants slower, and ends where it says no', async () => {
    let tries = 0;
    const waits: number[] = [];
    const done = await addAll(list.entries, {
      add: () => {
        tries += 1;
        if (tries === 1) return Promise.reject(refusal('too_fast', { retryMs: 70 }));
        return tries === 2
          ? Promise.resolve()
          : Promise.reject(refusal('limit_reached', { message: 'The queue is full.' }));
      },
      find: () => Promise.resolve(null),
      pause: (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
    });
    expect(waits).toEqual([70]);
    expect(done).toEqual({ added: 1, missing: [], stopped: 'The queue is full.' });
  });
});

const next = {
  item: 2,
  media: { kind: 'library', key: 'm2', title: 'Next', duration: 100, url: 'media/x/m2' },
  added_by: 1,
  votes: [],
};

describe('what comes next', () => {
  it('is fetched ahead shortly before the end, when the own picture is safe', () => {
    const here = room({ queue: [next] });
    expect(wanted(here, 300, 60)).toBeNull();
    expect(wanted(here, 570, 2)).toBeNull();
    expect(wanted(here, 570, 12)?.item).toBe(2);
    expect(wanted(here, 598, 2)?.item).toBe(2);
    expect(wanted(room(), 598, 2)).toBeNull();
    const stays = { ...here, policy: { ...here.policy, auto_advance: false } };
    expect(wanted(stays, 598, 2)).toBeNull();
  });

  it('of a provider’s is asked for no earlier than its turn', () => {
    const media = { ...next.media, kind: 'embed', url: 'https://player.vimeo.com/video/7' };
    expect(wanted(room({ queue: [{ ...next, media }] }), 590, 30)).toBeNull();
    const stream = { ...next.media, kind: 'url', url: 'https://films.example/a.m3u8' };
    expect(wanted(room({ queue: [{ ...next, media: stream }] }), 590, 30)).toBeNull();
  });

  it('is counted in the time that the evening still takes', () => {
    const here = room({ queue: [next] });
    expect(timeLeftInAll(here, 500)).toEqual({ seconds: 200, least: false });
    const fast = { ...here, timeline: { ...here.timeline, rate: 2 } };
    expect(timeLeftInAll(fast, 500)?.seconds).toBe(100);
    const open = { ...next, item: 3, media: { ...next.media, duration: null } };
    expect(timeLeftInAll(room({ queue: [open] }), 600)).toEqual({ seconds: 0, least: true });
  });
});
