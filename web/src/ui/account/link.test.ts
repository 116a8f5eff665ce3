import { describe, expect, it } from 'vitest';

import { readAccountUrl } from './link';
import { oidcSentence } from './provider';

const read = (tail: string) => readAccountUrl(new URL(`https://site.test/watch/account${tail}`));

describe('the account page’s address', () => {
  it('carries an invite behind the hash, where no server log sees it', () => {
    expect(read('#invite=a1.B-_2').invite).toBe('a1.B-_2');
    expect(read('#x=1&invite=abc').invite).toBe('abc');
    expect(read('?invite=abc').invite).toBeNull();
    expect(read('').invite).toBeNull();
  });

  it('says why a login by the provider failed', () => {
    expect(read('#oidc_error=oidc_state').refused).toBe('oidc_state');
    expect(read('#oidc_error=<b>').refused).toBeNull();
    expect(read('').refused).toBeNull();
    expect(oidcSentence('oidc_state')).not.toBe(oidcSentence('never_heard_of'));
  });

  it('leads back to a page of its own and to nowhere else', () => {
    expect(read('?next=r%2Fbakoti-zuna').next).toBe('r/bakoti-zuna');
    expect(read('?next=history').next).toBe('history');
    for (const foreign of ['https://evil.test', '//evil.test', '/etc', '../x', 'javascript:1'])
      expect(read(`?next=${encodeURIComponent(foreign)}`).next, foreign).toBeNull();
  });
});
