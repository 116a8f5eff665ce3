import { afterEach, expect, it, vi } from 'vitest';

import { mediaWait } from './media-wait';

afterEach(() => vi.unstubAllGlobals());

function answers(body: unknown, init: ResponseInit): void {
  vi.stubGlobal('fetch', async () => Response.json(body, init));
}

it('waits as long as the server says for a file that is being copied', async () => {
  answers({ code: 'media_copying' }, { status: 503, headers: { 'retry-after': '3' } });
  expect(await mediaWait('http://h/m')).toEqual({ ms: 3000 });
});

it('waits a usual while where the server names none, and never for hours', async () => {
  answers({ code: 'media_copying' }, { status: 503 });
  expect(await mediaWait('http://h/m')).toEqual({ ms: 2000 });
  answers({ code: 'media_copying' }, { status: 503, headers: { 'retry-after': '99999' } });
  expect(await mediaWait('http://h/m')).toEqual({ ms: 60_000 });
});

it('does not wait for what waiting does not change', async () => {
  answers({ code: 'overloaded' }, { status: 503 });
  expect(await mediaWait('http://h/m')).toBeNull();
  answers({ code: 'not_found' }, { status: 404 });
  expect(await mediaWait('http://h/m')).toBeNull();
  vi.stubGlobal('fetch', async () => Promise.reject(new Error('offline')));
  expect(await mediaWait('http://h/m')).toBeNull();
});
