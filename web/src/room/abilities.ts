// What this browser plays, in the words of docs/protocol.md ("What a player plays"). Asked once: the
// answer is the same all evening.
//
// A codec counts where the browser says yes for a film of 1080 lines. Two lists: what `<video src>` takes,
// and (`hls-…`) what it takes in segments through Media Source Extensions.

/** Containers, and a type to ask for each. */
const FILES: readonly (readonly [string, string])[] = [
  ['mp4', 'video/mp4'],
  ['webm', 'video/webm'],
  ['mkv', 'video/x-matroska'],
  ['ogg', 'video/ogg'],
  ['mp3', 'audio/mpeg'],
  ['flac', 'audio/flac'],
  ['wav', 'audio/wav'],
  ['adts', 'audio/aac'],
];

/** Pictures. The names are ffmpeg's; `_10` has 10 bits a sample. */
const PICTURES: readonly (readonly [string, string])[] = [
  ['h264', 'video/mp4; codecs="avc1.640028"'],
  ['h264_10', 'video/mp4; codecs="avc1.6e0028"'],
  ['hevc', 'video/mp4; codecs="hvc1.1.6.L120.B0"'],
  ['hevc_10', 'video/mp4; codecs="hvc1.2.4.L120.B0"'],
  ['vp8', 'video/webm; codecs="vp8"'],
  ['vp9', 'video/webm; codecs="vp09.00.40.08"'],
  ['vp9_10', 'video/webm; codecs="vp09.02.40.10"'],
  ['av1', 'video/mp4; codecs="av01.0.08M.08"'],
  ['av1_10', 'video/mp4; codecs="av01.0.08M.10"'],
  ['theora', 'video/ogg; codecs="theora"'],
];

const SOUNDS: readonly (readonly [string, string])[] = [
  ['aac', 'audio/mp4; codecs="mp4a.40.2"'],
  ['mp3', 'audio/mpeg'],
  ['opus', 'audio/webm; codecs="opus"'],
  ['vorbis', 'audio/webm; codecs="vorbis"'],
  ['flac', 'audio/flac'],
  ['ac3', 'audio/mp4; codecs="ac-3"'],
  ['eac3', 'audio/mp4; codecs="ec-3"'],
  ['alac', 'audio/mp4; codecs="alac"'],
];

/** What everything is converted to. */
const CONVERTED = 'video/mp4; codecs="avc1.640028,mp4a.40.2"';
const PLAYLIST = 'application/vnd.apple.mpegurl';

/** What a browser is asked with; the page's own, or a test's. */
export interface Asked {
  canPlayType: (type: string) => string;
  /** Media Source Extensions, where there are any. */
  takesSegments: ((type: string) => boolean) | null;
  /** `MediaCapabilities.decodingInfo`, where there is any. */
  decodes: ((config: MediaDecodingConfiguration) => Promise<{ supported: boolean }>) | null;
  /** Chromium opens Matroska by its content, though it says no to the type. */
  sniffsMatroska: boolean;
}

async function decodes(asked: Asked, contentType: string): Promise<boolean> {
  if (!asked.canPlayType(contentType)) return false;
  if (!asked.decodes) return true;
  const video = { contentType, width: 1920, height: 1080, bitrate: 8_000_000, framerate: 30 };
  return asked.decodes({ type: 'file', video }).then(
    ({ supported }) => supported,
    () => true, // it does not know this question; the other answer stands
  );
}

export async function wordsOf(asked: Asked): Promise<string[]> {
  const words: string[] = [];
  for (const [word, type] of [...FILES, ...SOUNDS])
    if (asked.canPlayType(type) && !words.includes(word)) words.push(word);
  if (asked.sniffsMatroska && !words.includes('mkv')) words.push('mkv');
  if (words.includes('wav')) words.push('pcm');
  for (const [word, type] of PICTURES) if (await decodes(asked, type)) words.push(word);
  const segments = asked.takesSegments;
  if (segments?.(CONVERTED)) {
    words.push('hls');
    // WebM has no place in our segments: VP9 goes into MP4 as the others do.
    for (const [word, type] of PICTURES)
      if (words.includes(word) && segments(type.replace('video/webm', 'video/mp4')))
        words.push(`hls-${word}`);
  } else if (asked.canPlayType(PLAYLIST)) {
    words.push('hls', 'hls-h264');
    if (words.includes('hevc')) words.push('hls-hevc', 'hls-hevc_10');
  }
  return words;
}

interface Brands {
  readonly userAgentData?: { readonly brands: readonly { readonly brand: string }[] };
}
interface Managed {
  readonly ManagedMediaSource?: typeof MediaSource;
}

function thisBrowser(): Asked {
  const player = document.createElement('video');
  const source =
    (globalThis as Managed).ManagedMediaSource ??
    (typeof MediaSource === 'undefined' ? null : MediaSource);
  const brands = (navigator as Navigator & Brands).userAgentData?.brands ?? [];
  // Chromium's older and lesser offspring name themselves in the user agent alone.
  const chromium = brands.some(({ brand }) => brand === 'Chromium');
  return {
    canPlayType: (type) => player.canPlayType(type),
    takesSegments: source ? (type) => source.isTypeSupported(type) : null,
    decodes:
      'mediaCapabilities' in navigator
        ? (config) => navigator.mediaCapabilities.decodingInfo(config)
        : null,
    sniffsMatroska: chromium || /\bChrom(e|ium)\//.test(navigator.userAgent),
  };
}

let known: Promise<string[]> | null = null;

/** What this browser plays. */
export function abilities(): Promise<string[]> {
  known ??= wordsOf(thisBrowser());
  return known;
}
