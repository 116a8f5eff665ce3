import { describe, expect, it } from 'vitest';

import { actText, bytes, fieldsText, passes, rate } from './figures';

describe('figures for the operator', () => {
  it('are given in the unit that keeps them short', () => {
    expect(bytes(0)).toBe('0 B');
    expect(bytes(1536)).toBe('1.5 KiB');
    expect(bytes(300 * 1024 * 1024)).toBe('300 MiB');
    expect(bytes(null)).toBe('unknown');
  });

  it('are given for lines as lines are sold', () => {
    expect(rate(2_500_000)).toBe('20 Mbit/s');
    expect(rate(187_500)).toBe('1.5 Mbit/s');
    expect(rate(12_500)).toBe('100 kbit/s');
    expect(rate(2.5e8)).toBe('2.0 Gbit/s');
  });

  it('leave an act its words', () => {
    expect(actText('login_refused')).toBe('login refused');
  });
});

describe('log lines', () => {
  it('are shown from the chosen level up, whatever its case', () => {
    expect(passes('ERROR', 'warn')).toBe(true);
    expect(passes('WARN', 'warn')).toBe(true);
    expect(passes('info', 'warn')).toBe(false);
    expect(passes('trace', 'trace')).toBe(true);
    expect(passes('odd', 'error')).toBe(true);
  });

  it('carry their fields in one line', () => {
    expect(fieldsText({ room: 'a-b', seq: 4 })).toBe('room=a-b seq=4');
  });
});
