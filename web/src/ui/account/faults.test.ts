import { describe, expect, it } from 'vitest';

import { ApiError } from '../../net/request';
import { deviceName, emailFault, faultOf, passwordFault } from './faults';

describe('errors at the field', () => {
  it('puts a refusal where the mistake is', () => {
    expect(faultOf(new ApiError('email_taken', 'Taken.', 409))).toEqual({
      field: 'email',
      text: 'Taken.',
    });
    expect(faultOf(new ApiError('bad_password', 'Short.', 422)).field).toBe('password');
    expect(faultOf(new ApiError('bad_invite', 'Used.', 422)).field).toBeNull();
    expect(faultOf(new Error('Odd'))).toEqual({ field: null, text: 'Odd' });
  });

  it('counts a password in bytes, as the server does', () => {
    expect(passwordFault('1234567')).toContain('8');
    expect(passwordFault('12345678')).toBeNull();
    expect(passwordFault('ü'.repeat(129))).toContain('256');
  });

  it('does not argue about addresses that might be right', () => {
    expect(emailFault('ann@example')).toBeNull();
    expect(emailFault(' ann+films@example.org ')).toBeNull();
    expect(emailFault('ann')).not.toBeNull();
    expect(emailFault('a nn@example.org')).not.toBeNull();
  });
});

describe('devices', () => {
  it('are called by browser and system', () => {
    const edge =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0';
    const phone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
    expect(deviceName(edge)).toBe('Edge on Windows');
    expect(deviceName(phone)).toBe('Safari on iPhone');
    expect(deviceName('curl/8.5')).toBe('curl/8.5');
    expect(deviceName(null)).toBe('Unknown device');
  });
});
