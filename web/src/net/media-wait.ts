// Why a medium does not play yet, asked of the server: a video element only knows that
// it failed. A file that is still being written answers 503 `media_copying`.

export interface MediaWait {
  /** When to try again, ms from now. */
  ms: number;
}

/** Where the server names no time; a file counts as whole after 2 s without a change. */
const USUAL_S = 2;
const LONGEST_S = 60;

/** How long until another attempt makes sense; null where waiting changes nothing. */
export async function mediaWait(url: string): Promise<MediaWait | null> {
  try {
    const response = await fetch(url, { headers: { range: 'bytes=0-0' } });
    if (response.status !== 503) {
      await response.body?.cancel();
      return null;
    }
    const body = (await response.json().catch(() => null)) as { code?: string } | null;
    if (body?.code !== 'media_copying') return null;
    const named = Number(response.headers.get('retry-after'));
    const seconds = Number.isFinite(named) && named > 0 ? named : USUAL_S;
    return { ms: Math.min(LONGEST_S, seconds) * 1000 };
  } catch {
    return null;
  }
}
