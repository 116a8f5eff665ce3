import { describe, expect, it } from 'vitest';

import { actText, bytes, fieldsText, passes } from './figures';

describe('figures for the operator', () => {
  it('are given in the unit that keeps them short', () => {
    expect(bytes(0)).toBe('0 B');
    expect(bytes(1536)).toBe('1.5 KiB');
    expect(bytes(300 * 1024 * 1024)).toBe('300 MiB');
    expect(bytes(null)).toBe('unknown');
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
