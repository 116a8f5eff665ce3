// One HTTP call to the server: addresses relative to the page's base, so that the page works under
// any sub-path, and every refusal as an `ApiError` whose message is for people. Who is asking is
// not decided here: see `identity.ts`.

/** What the server answered instead of what was asked for; `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** What to tell somebody about anything that was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The page's root: the server injects `<base>`, and `main.ts` fixes it before the first pushState. */
export function rootUrl(): URL {
  return new URL('.', document.baseURI);
}

export function resolve(path: string): string {
  return new URL(path, rootUrl()).href;
}

/** An answer that may still be read as a stream; throws `ApiError` for everything but a success. */
export async function ask(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(resolve(path), init);
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new ApiError('offline', 'The server cannot be reached. Is it running?', 0);
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const problem = (body ?? {}) as { code?: string; message?: string };
  throw new ApiError(
    problem.code ?? `http_${response.status}`,
    problem.message ?? `The server answered ${response.status}. Try again in a moment.`,
    response.status,
  );
}

export async function call<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await ask(path, init);
  // 202 and 204 say nothing more.
  return (await response.json().catch(() => null)) as T;
}

/** A request with a JSON body. */
export function sending(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', body: unknown): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function withBearer(token: string | undefined, init: RequestInit = {}): RequestInit {
  if (token === undefined) return init;
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${token}`);
  return { ...init, headers };
}
