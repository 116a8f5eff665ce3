import { describe, expect, it } from 'vitest';

import { heals, problemOf } from './bring';
import type { UploadStatus } from '../net/uploads';
import { Carried, rowsOf, sameFile } from './upload-rows.svelte';

function failed(status: number, body: string): Error {
  return Object.assign(new Error('tus: unexpected response'), {
    originalResponse: { getStatus: () => status, getBody: () => body },
  });
}

describe('an upload that fails', () => {
  it("says so in the server's words", () => {
    const body = '{"code":"upload_room_full","message":"This room is full."}';
    expect(problemOf(failed(413, body))).toEqual({
      code: 'upload_room_full',
      message: 'This room is full.',
    });
  });

  it('has words of its own where the server had none', () => {
    expect(problemOf(failed(404, '')).code).toBe('upload_not_found');
    expect(problemOf(failed(413, '<html>')).message).toContain('413');
    expect(problemOf(new Error('net')).code).toBe('offline');
  });

  it('is tried again where time heals, and not where it does not', () => {
    expect([null, 0, 409, 423, 429, 500, 503].every(heals)).toBe(true);
    expect([400, 401, 403, 404, 413, 415, 507].some(heals)).toBe(false);
  });
});

const status: UploadStatus = {
  id: 'a1',
  name: 'Film.mp4',
  title: 'Film',
  size: 1000,
  offset: 400,
  state: 'watchable',
  problem: null,
  duration: 60,
  expires: null,
  by: 1,
  location: 'http://x/api/v2/uploads/t',
};
const others: UploadStatus = { ...status };
delete others.location;

describe('the list of uploads', () => {
  it('tells what is interrupted here from what somebody else sends', () => {
    expect(rowsOf([status], [])[0]?.stage).toBe('interrupted');
    expect(rowsOf([others], [])[0]?.stage).toBe('arriving');
    expect(rowsOf([{ ...others, offset: 1000 }], [])[0]?.stage).toBe('here');
    expect(rowsOf([{ ...others, offset: 1000, state: 'arriving' }], [])[0]?.stage).toBe('checking');
  });

  it('shows a file that goes on once, with what this page has sent', () => {
    const file = { name: 'Film.mp4', size: 1000 } as File;
    const carried = new Carried(file, status);
    carried.halt('sending');
    carried.moved(700, 0);
    expect(rowsOf([status], [carried])).toMatchObject([{ stage: 'sending', sent: 700 }]);
  });

  it('shows what has not begun yet, and what was refused', () => {
    const file = { name: 'notes.txt', size: 5 } as File;
    const carried = new Carried(file, undefined);
    expect(rowsOf([], [carried])).toMatchObject([{ stage: 'queued', title: 'notes.txt' }]);
    carried.problem = 'No.';
    carried.halt('failed');
    expect(rowsOf([], [carried])).toMatchObject([{ stage: 'failed', problem: 'No.' }]);
  });

  it('knows a file by its name and length', () => {
    expect(sameFile({ name: 'é.mp4', size: 1 }, { name: 'e\u0301.mp4', size: 1 })).toBe(true);
    expect(sameFile({ name: 'a.mp4', size: 1 }, { name: 'a.mp4', size: 2 })).toBe(false);
  });
});
