// Films for the tests, made by ffmpeg once and kept under target/.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

interface Film {
  title: string;
  /** ffmpeg's source for the picture. */
  picture: string;
  seconds: number;
  /** What it is made into, where that is not a plain MP4. */
  into?: { extension: string; options: string[] };
  /** A subtitle beside it: what its name ends in, and its text. */
  beside?: { ending: string; text: string };
}

const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '60'];
const AAC = ['-c:a', 'aac', '-b:a', '96k'];
const MP4 = {
  extension: 'mp4',
  options: [...H264, ...AAC, '-movflags', '+faststart', '-f', 'mp4'],
};

/** Each frame carries its number and time: what is seen can be checked by eye. */
const TESTS: Film[] = [
  { title: 'Big Film', picture: 'testsrc2=size=640x360:rate=30', seconds: 180 },
  { title: 'Short Film', picture: 'testsrc2=size=320x180:rate=25', seconds: 8 },
  // No browser here decodes this one.
  {
    title: 'Disc Film',
    picture: 'testsrc2=size=320x180:rate=25',
    seconds: 90,
    into: {
      extension: 'mkv',
      options: [
        ...['-map', '0', '-map', '1', '-map', '1', '-metadata:s:a:0', 'language=eng'],
        ...['-metadata:s:a:1', 'language=ger', '-disposition:a:1', '0'],
        ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none'],
        ...['-c:a', 'ac3', '-f', 'matroska'],
      ],
    },
    beside: {
      ending: 'en.srt',
      text: '1\n00:00:00,000 --> 00:01:30,000\nA line to <i>read</i>\n',
    },
  },
  // Chromium opens this, others don't.
  {
    title: 'Chest Film',
    picture: 'testsrc2=size=320x180:rate=24000/1001',
    seconds: 40,
    into: { extension: 'mkv', options: [...H264, ...AAC, '-f', 'matroska'] },
  },
];

/** For screenshots: something that one would like to look at. */
const PRETTY: Film[] = [
  {
    title: 'Deep Zoom',
    picture:
      'mandelbrot=size=1280x720:rate=24:maxiter=300:start_scale=2.4:end_scale=0.05:end_pts=900',
    seconds: 40,
  },
  {
    title: 'Night Drive',
    picture:
      'gradients=size=1280x720:rate=24:speed=0.02:type=linear:n=4:seed=3:c0=0x07161b:c1=0x1f8a70:c2=0xbedb39:c3=0x004358',
    seconds: 60,
  },
  {
    title: 'Colony',
    picture:
      'life=size=320x180:rate=24:mold=12:ratio=0.3:seed=5:death_color=0x7b1e3b:life_color=0xffd166,scale=1280:720:flags=neighbor',
    seconds: 30,
  },
];

function make(folder: string, films: Film[]): string {
  mkdirSync(folder, { recursive: true });
  for (const { title, picture, seconds, into = MP4, beside } of films) {
    if (beside) writeFileSync(join(folder, `${title}.${beside.ending}`), beside.text);
    const path = join(folder, `${title}.${into.extension}`);
    if (existsSync(path)) continue;
    // Written under another name first: a run that is cut short leaves no half film behind.
    const part = join(folder, `.${title}.part`);
    execFileSync('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', picture],
      ...['-f', 'lavfi', '-i', 'sine=frequency=330:beep_factor=4:sample_rate=48000'],
      ...['-t', String(seconds), ...into.options, part],
    ]);
    renameSync(part, path);
  }
  return folder;
}

/** Two episodes of a series, the first with chapters. */
const SERIES: Film[] = [1, 2].map((number) => ({
  title: `Show S01E0${number}`,
  picture: 'testsrc2=size=320x180:rate=25',
  seconds: 40,
}));

const CHAPTERS = `;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1
START=0
END=20
title=Opening
[CHAPTER]
TIMEBASE=1/1
START=20
END=40
title=The story
`;

const kept = resolve(import.meta.dirname, '../../../target/e2e');

export const testFilms = (): string => make(join(kept, 'films'), TESTS);

/** A series, of which `Show S01E01` has an opening of 20 s. */
export function seriesFilms(): string {
  const folder = make(join(kept, 'plain-series'), SERIES);
  const marked = join(kept, 'series');
  const first = join(marked, 'Show S01E01.mp4');
  if (existsSync(first)) return marked;
  mkdirSync(marked, { recursive: true });
  const chapters = join(folder, 'chapters.txt');
  writeFileSync(chapters, CHAPTERS);
  copyFileSync(join(folder, 'Show S01E02.mp4'), join(marked, 'Show S01E02.mp4'));
  const sources = ['-i', join(folder, 'Show S01E01.mp4'), '-i', chapters];
  const part = join(folder, 'marked.mp4');
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', ...sources, '-map', '0', '-map_chapters', '1'],
    ...['-c', 'copy', '-movflags', '+faststart', part],
  ]);
  renameSync(part, first);
  return marked;
}

/** With the bundled sample among them, under a film's name. */
export function prettyFilms(): string {
  const folder = make(join(kept, 'pretty'), PRETTY);
  const film = join(folder, 'Dawn to Dusk.mp4');
  if (!existsSync(film)) {
    const sample = resolve(import.meta.dirname, '../../../crates/media/assets/sample.mp4');
    const title = ['-metadata', 'title=Dawn to Dusk'];
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-i', sample, '-c', 'copy', ...title, film]);
  }
  return folder;
}

/** The short film as other sites hold films: a file, an HLS and a DASH stream. */
export function streams(): string {
  const folder = join(kept, 'streams');
  if (existsSync(join(folder, 'film.mpd'))) return folder;
  const film = join(testFilms(), 'Big Film.mp4');
  mkdirSync(folder, { recursive: true });
  const run = (...options: string[]): void => {
    const input = ['-v', 'error', '-nostdin', '-y', '-t', '60', '-i', film, '-c', 'copy'];
    execFileSync('ffmpeg', [...input, ...options], { cwd: folder });
  };
  run('film.mp4');
  run('-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod', 'film.m3u8');
  // Last: it says that all are there.
  run('-f', 'dash', '-seg_duration', '4', 'film.mpd');
  return folder;
}
