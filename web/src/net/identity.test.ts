import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const { callAsMe, forgetMe, isSomebody } = await import('./identity');
const { guest } = await import('./storage');

interface Asked {
  path: string;
  bearer: string | null;
}

/** A server that knows at most one account (by cookie) and one guest. */
class Service {
  asked: Asked[] = [];
  account = false;
  guest: string | null = 'good';

  answer(url: string, init?: RequestInit): Response {
    const path = new URL(url).pathname;
    const bearer = new Headers(init?.headers).get('authorization');
    this.asked.push({ path, bearer });
    const refuse = (code: string): Response =>
      Response.json({ code, message: 'No.' }, { status: 401 });
    if (bearer !== null && bearer !== `Bearer ${this.guest}`) return refuse('bad_token');
    if (path.endsWith('/me'))
      return Response.json({ kind: this.account ? 'account' : 'anonymous' });
    if (bearer === null && !this.account) return refuse('login_needed');
    return Response.json({ asked: true });
  }
}

let service: Service;
beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal('document', { baseURI: 'http://here.test/watch/' });
  service = new Service();
  vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => service.answer(url, init));
  forgetMe();
});
afterEach(() => vi.unstubAllGlobals());

describe('who asks', () => {
  it('is the guest of this browser where nobody is logged in', async () => {
    guest.setToken('good');
    await callAsMe('api/v2/me/progress');
    expect(service.asked).toEqual([
      { path: '/watch/api/v2/me', bearer: null },
      { path: '/watch/api/v2/me/progress', bearer: 'Bearer good' },
    ]);
  });

  it('is the account where one is logged in, whatever guest this browser was', async () => {
    guest.setToken('good');
    service.account = true;
    await callAsMe('api/v2/me/progress');
    await callAsMe('api/v2/me/rooms');
    expect(service.asked.map(({ bearer }) => bearer)).toEqual([null, null, null]);
  });

  it('stops being a guest whom the server does not know, and goes on as nobody', async () => {
    guest.setToken('of another server');
    service.account = false;
    await expect(callAsMe('api/v2/me/progress')).rejects.toMatchObject({ code: 'login_needed' });
    expect(guest.token()).toBeUndefined();
  });

  it('goes on as the guest when the session has ended elsewhere', async () => {
    guest.setToken('good');
    service.account = true;
    await callAsMe('api/v2/me/progress');
    service.account = false;
    await expect(callAsMe('api/v2/me/progress')).resolves.toEqual({ asked: true });
    expect(service.asked.at(-1)?.bearer).toBe('Bearer good');
  });

  it('is nobody before the first visit to a room', async () => {
    expect(await isSomebody()).toBe(false);
    guest.setToken('good');
    expect(await isSomebody()).toBe(true);
  });
});
