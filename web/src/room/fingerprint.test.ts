import { describe, expect, it } from 'vitest';

import { fingerprintOf, matchOf, matchText, sameBytes } from './fingerprint';

const large = new Uint8Array(1_000_003).map((_, n) => n % 251);

describe('a fingerprint', () => {
  it('is the one that the server makes', async () => {
    // The same values stand in crates/media/src/fingerprint.rs.
    expect(await fingerprintOf(new Blob(['Film']))).toBe(
      '4-c784a51e9cc6572e791c831bd60ceb4f994996b6e1711d77f1e092f14a27f7db',
    );
    expect(await fingerprintOf(new Blob([large]))).toBe(
      '1000003-1e959d6d795cd05b94c93718cb9a82a50423ded7f1e99bb29ee9542aa42a93a3',
    );
  });

  it('is compared by size alone where one side could not hash', () => {
    expect(sameBytes('4-aa', '4-aa')).toBe(true);
    expect(sameBytes('4-aa', '4-bb')).toBe(false);
    expect(sameBytes('4', '4-bb')).toBe(true);
    expect(sameBytes('4', '5-bb')).toBe(false);
  });
});

describe('a copy of one’s own', () => {
  const film = { fingerprint: '9-aa', duration: 600 };

  it('is the same file, or one like it, and nobody has to do anything', () => {
    expect(matchOf({ fingerprint: '9-aa', duration: 600 }, film).kind).toBe('same');
    expect(matchOf({ fingerprint: '8-bb', duration: 600.4 }, film).kind).toBe('like');
    expect(
      matchOf({ fingerprint: '8-bb', duration: 600 }, { ...film, fingerprint: null }).kind,
    ).toBe('unknown');
    expect(matchText({ kind: 'like' }).quiet).toBe(true);
  });

  it('of another length is another cut, which is said', () => {
    const match = matchOf({ fingerprint: '8-bb', duration: 725 }, film);
    expect(match).toEqual({ kind: 'cut', longer: 125 });
    expect(matchText(match)).toEqual({
      text: 'Your copy is 2 min 5 s longer than the room’s film: another cut, perhaps.',
      quiet: false,
    });
    expect(matchText({ kind: 'cut', longer: -12 }).text).toContain('12 s shorter');
  });
});
