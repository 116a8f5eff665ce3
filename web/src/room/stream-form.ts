// Which links are streams, as far as their address or their type says. Pure.

export type StreamForm = 'hls' | 'dash';

export function streamByAddress(url: string): StreamForm | null {
  let path: string;
  try {
    path = new URL(url).pathname.toLowerCase();
  } catch {
    return null;
  }
  if (path.endsWith('.m3u8')) return 'hls';
  if (path.endsWith('.mpd')) return 'dash';
  return null;
}

/** The types that the server tells; see `api/v2/links`. */
export function streamByType(type: string | null): StreamForm | null {
  if (type === 'application/vnd.apple.mpegurl') return 'hls';
  if (type === 'application/dash+xml') return 'dash';
  return null;
}
