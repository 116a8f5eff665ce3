// Which bytes a file is, told by its size and samples of it: what `crates/media/src/fingerprint.rs` does for the
// server's files and docs/protocol.md tells everybody else. And what comes of comparing two.

/** Bytes of a sample: the beginning, the middle and the end are looked at. */
const SAMPLE = 64 * 1024;
/** Containers and browsers disagree about the length of one and the same film by less than this, s. */
const LENGTH_SLACK_S = 1;

/** As the room has it: `SIZE-HEX`, or `SIZE` where this page may not hash (no TLS). */
export async function fingerprintOf(file: Blob): Promise<string> {
  const { size } = file;
  // Not there on pages without TLS, whatever its type says.
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (!subtle) return String(size);
  const parts: readonly (readonly [number, number])[] =
    size <= 3 * SAMPLE
      ? [[0, size]]
      : [
          [0, SAMPLE],
          [Math.floor(size / 2) - SAMPLE / 2, SAMPLE],
          [size - SAMPLE, SAMPLE],
        ];
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(size));
  const samples = parts.map(([from, bytes]) => file.slice(from, from + bytes));
  const bytes = await new Blob([length, ...samples]).arrayBuffer();
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return `${size}-${[...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Whether both are of one file; a size alone speaks for itself where the other side has no more. */
export function sameBytes(one: string, other: string): boolean {
  const [[size, hash], [otherSize, otherHash]] = [one.split('-'), other.split('-')];
  return (
    size === otherSize && (hash === undefined || otherHash === undefined || hash === otherHash)
  );
}

/** What a copy is to the film that the room watches. */
export type Match =
  | { kind: 'same' }
  /** Nothing to compare with. */
  | { kind: 'unknown' }
  /** Other bytes of the same length: another encoding, most likely. */
  | { kind: 'like' }
  /** Another length: another cut, most likely. `longer` in seconds, negative for shorter. */
  | { kind: 'cut'; longer: number };

export interface Known {
  fingerprint: string | null;
  /** Seconds. */
  duration: number | null;
}

export function matchOf(own: Known, film: Known): Match {
  if (own.fingerprint && film.fingerprint && sameBytes(own.fingerprint, film.fingerprint))
    return { kind: 'same' };
  if (own.duration !== null && film.duration !== null) {
    const longer = own.duration - film.duration;
    if (Math.abs(longer) > LENGTH_SLACK_S) return { kind: 'cut', longer };
    return film.fingerprint ? { kind: 'like' } : { kind: 'unknown' };
  }
  return film.fingerprint ? { kind: 'like' } : { kind: 'unknown' };
}

/** The same as a sentence; `quiet` where nothing is to be done. */
export function matchText(match: Match): { text: string; quiet: boolean } {
  switch (match.kind) {
    case 'same':
      return { text: 'It is the same file as the room’s, to the byte.', quiet: true };
    case 'unknown':
      return { text: 'There is nothing to compare it with yet.', quiet: true };
    case 'like':
      return { text: 'It is another file of the same length; it should fit.', quiet: true };
    case 'cut': {
      const by = lengthText(Math.abs(match.longer));
      return {
        text: `Your copy is ${by} ${match.longer > 0 ? 'longer' : 'shorter'} than the room’s film: another cut, perhaps.`,
        quiet: false,
      };
    }
  }
}

function lengthText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
