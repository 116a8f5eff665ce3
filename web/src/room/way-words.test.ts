import { describe, expect, it } from 'vitest';

import type { Way } from '../net/way';
import { wayBadge, wayText } from './way-words';

const way: Way = {
  way: 'direct',
  why: [],
  doubtful: false,
  hls: null,
  heights: [],
  sound: [],
  text: [],
};

describe('how a film comes', () => {
  it('is the file unless somebody had to do something', () => {
    const comes = { way: null, converted: false, lines: null };
    expect(wayText(comes)).toBe('You get the file as it is.');
    expect(wayBadge(comes)).toBeNull();
  });

  it('says when it may not play', () => {
    const comes = { way: { ...way, doubtful: true }, converted: false, lines: null };
    expect(wayText(comes)).toContain('may not play');
    expect(wayBadge(comes)).toBe('may not play');
  });

  it('tells a copied picture from a converted one', () => {
    const copied = { way, converted: true, lines: 'own' } as const;
    expect(wayText(copied)).toContain('picture as it is');
    const converted = { way, converted: true, lines: 720 };
    expect(wayText(converted)).toContain('720 lines');
    expect(wayBadge(converted)).toBe('720p');
  });
});
