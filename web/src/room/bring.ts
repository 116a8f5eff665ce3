// One film on its way from this browser to the room, by tus: pieces, pause and going on, also after
// a reload or a restart of the server. Tells what happens; who shows it and what becomes of the film
// is `uploads.svelte.ts`'s. The tus client itself is fetched with the first film.
//
// Not to disturb watching: one file at a time (the caller's business), in pieces of a few MB, and
// before each piece `gate` may let a starving player go first. A request that reports its progress
// (XMLHttpRequest) has no priority to lower; `fetch` has one, but tells nothing until a piece is over.
import type { DetailedError, Upload } from 'tus-js-client';

import { bearer } from '../net/identity';
import { uploadsUrl } from '../net/uploads';

const PIECE_BYTES = 8 * 1024 * 1024;
/** The first piece: the server looks into it, and says no before much was sent in vain. */
const FIRST_BYTES = 64 * 1024;
/** A server that restarts, a network that is lost: tried for about ten minutes without progress. */
const RETRY_MS = [300, 1000, 2000, 4000, ...Array<number>(70).fill(8000)];

export interface BringProblem {
  /** The server's code; `offline` where it could not be reached. */
  code: string;
  message: string;
}

export interface BringEvents {
  /** Where it goes on and which medium it becomes. */
  begun: (location: string) => void;
  progress: (sent: number) => void;
  /** The server can't be reached; it is tried again by itself. */
  waiting: () => void;
  /** All bytes are there. */
  sent: () => void;
  failed: (problem: BringProblem) => void;
  /** Resolves when the next piece may go. */
  gate: () => Promise<void>;
}

/** Which file of which room: the same again after a reload, whatever path the page has then. */
export function fingerprint(code: string, file: File): string {
  return ['watchalong', code, file.name, file.size, file.lastModified].join('-');
}

/** The server's word about a request that failed. */
export function problemOf(error: Error | DetailedError): BringProblem {
  const answer = 'originalResponse' in error ? error.originalResponse : null;
  if (!answer) {
    return {
      code: 'offline',
      message: 'The server could not be reached for a long time. What has arrived is kept.',
    };
  }
  try {
    const body = JSON.parse(answer.getBody()) as { code?: unknown; message?: unknown };
    if (typeof body.message === 'string' && typeof body.code === 'string')
      return { code: body.code, message: body.message };
  } catch {
    // An answer without words, as those to HEAD.
  }
  if (answer.getStatus() === 404)
    return {
      code: 'upload_not_found',
      message: 'The server does not have this upload any more. Bring the file again.',
    };
  return {
    code: `http_${answer.getStatus()}`,
    message: `The server answered ${answer.getStatus()}. Try again in a moment.`,
  };
}

/** What time heals: no answer, a server in trouble, another connection that still holds the upload. */
export function heals(status: number | null): boolean {
  // A full disk (507) does not empty itself.
  if (status === 507) return false;
  return status === null || status === 0 || status >= 500 || [408, 409, 423, 429].includes(status);
}

export class Bring {
  #upload: Upload | null = null;
  /** Paused or removed while the client was still being fetched. */
  #stopped = false;

  constructor(
    private readonly code: string,
    readonly file: File,
    private readonly events: BringEvents,
    /** Where an upload begun earlier goes on; otherwise a new one, or one that this browser remembers. */
    private readonly location: string | null,
  ) {}

  async start(): Promise<void> {
    this.#stopped = false;
    if (this.#upload) return this.#upload.start();
    const { Upload } = await import('tus-js-client');
    const { events, file } = this;
    const upload: Upload = new Upload(file, {
      endpoint: uploadsUrl(this.code),
      ...(this.location === null ? {} : { uploadUrl: this.location }),
      metadata: { filename: file.name, filetype: file.type },
      fingerprint: () => Promise.resolve(fingerprint(this.code, file)),
      removeFingerprintOnSuccess: true,
      chunkSize: FIRST_BYTES,
      retryDelays: RETRY_MS,
      onBeforeRequest: async (request) => {
        if (request.getMethod() === 'PATCH') return events.gate();
        const token = await bearer();
        if (token !== undefined) request.setHeader('Authorization', `Bearer ${token}`);
      },
      onShouldRetry: (error) => {
        const again = heals(error.originalResponse?.getStatus() ?? null);
        if (again) events.waiting();
        return again;
      },
      onUploadUrlAvailable: () => {
        // One that vanishes from now on has failed: it must not begin again by itself, and again.
        upload.options.endpoint = null;
        if (upload.url) events.begun(upload.url);
      },
      onProgress: (sent) => events.progress(sent),
      onChunkComplete: () => {
        upload.options.chunkSize = PIECE_BYTES;
      },
      onSuccess: () => events.sent(),
      onError: (error) => events.failed(problemOf(error)),
    });
    if (this.location === null) {
      const [earlier] = await upload.findPreviousUploads();
      if (earlier) upload.resumeFromPreviousUpload(earlier);
    }
    this.#upload = upload;
    if (!this.#stopped) upload.start();
  }

  async pause(): Promise<void> {
    this.#stopped = true;
    await this.#upload?.abort();
  }
}
