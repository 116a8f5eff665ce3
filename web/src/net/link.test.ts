import { describe, expect, it } from 'vitest';

import { readCodeOrLink, readRoomUrl, sameCode } from './link';

const room = (address: string) => readRoomUrl(new URL(address));

describe('a room’s address', () => {
  it('holds code, host key and name', () => {
    expect(room('http://h/r/bakoti-zuna?name=Ann%20Lee#host=a_B-9')).toEqual({
      code: 'bakoti-zuna',
      hostKey: 'a_B-9',
      invite: null,
      name: 'Ann Lee',
    });
  });

  it('holds an invitation', () => {
    expect(room('http://h/r/x1?name=Bo#invite=Zk_3-a')).toEqual({
      code: 'x1',
      hostKey: null,
      invite: 'Zk_3-a',
      name: 'Bo',
    });
  });

  it('works under a sub-path and with a slash at the end', () => {
    expect(room('https://h/films/r/bakoti-zuna/')?.code).toBe('bakoti-zuna');
  });

  it('ends the key at the first character that cannot be in one', () => {
    expect(room('http://h/r/x1#host=abc?name=Bo')).toEqual({
      code: 'x1',
      hostKey: 'abc',
      invite: null,
      name: 'Bo',
    });
    expect(room('http://h/r/x1#host=abc).')?.hostKey).toBe('abc');
  });

  it('survives a stray percent sign', () => {
    expect(room('http://h/r/x1#host=k&name=100%')?.name).toBe('100%');
    expect(room('http://h/r/%E0%A4%A')?.code).toBe('%e0%a4%a');
  });

  it('is no room on any other page', () => {
    expect(room('http://h/')).toBeNull();
    expect(room('http://h/api/docs')).toBeNull();
  });

  it('ignores an empty name', () => {
    expect(room('http://h/r/x1?name=%20')?.name).toBeNull();
  });
});

describe('the join field', () => {
  it('takes a code in any spelling', () => {
    expect(readCodeOrLink(' Bakoti Zuna ')?.code).toBe('bakoti-zuna');
    expect(sameCode('BAKOTI-ZUNA', 'bakotizuna')).toBe(true);
  });

  it('takes a link with or without its scheme', () => {
    expect(readCodeOrLink('https://h.example/r/bakoti-zuna')?.code).toBe('bakoti-zuna');
    expect(readCodeOrLink('h.example/r/bakoti-zuna#host=k')?.hostKey).toBe('k');
  });

  it('refuses what is neither', () => {
    expect(readCodeOrLink('https://h.example/')).toBeNull();
    expect(readCodeOrLink('???')).toBeNull();
    expect(readCodeOrLink('')).toBeNull();
  });
});
