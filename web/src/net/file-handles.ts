// Files that somebody opened here before, where the browser lets a page remember them (Chromium does): after a
// reload a click is enough, or nothing at all. Handles live in IndexedDB, which alone can keep them; where that is
// shut (private windows), nothing is remembered and the file is asked for again.

/** What Chromium adds to the handles of the standard. */
export interface FileHandle extends FileSystemFileHandle {
  queryPermission?: (wanted: { mode: 'read' }) => Promise<PermissionState>;
  requestPermission?: (wanted: { mode: 'read' }) => Promise<PermissionState>;
}

interface Kept {
  handle: FileHandle;
  /** Browser time, ms. */
  at: number;
}

const STORE = 'files';
/** Handles kept; an evening has a few. */
const MAX_KEPT = 50;

/** Runs one transaction; null where the browser keeps nothing. */
async function within<T>(
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | null> {
  try {
    const opening = indexedDB.open('watchalong', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const base = await done(opening);
    try {
      return await done(run(base.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      base.close();
    }
  } catch {
    return null;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

export const fileHandles = {
  async get(key: string): Promise<FileHandle | null> {
    const kept = await within<Kept | undefined>('readonly', (store) => store.get(key));
    return kept?.handle ?? null;
  },

  async keep(key: string, handle: FileHandle): Promise<void> {
    const kept: Kept = { handle, at: Date.now() };
    await within('readwrite', (store) => store.put(kept, key));
    const keys = await within('readonly', (store) => store.getAllKeys());
    const all = await within<Kept[]>('readonly', (store) => store.getAll());
    if (!keys || !all || keys.length <= MAX_KEPT) return;
    const oldest = keys
      .map((each, n) => ({ each, at: all[n]?.at ?? 0 }))
      .sort((one, other) => one.at - other.at)
      .slice(0, keys.length - MAX_KEPT);
    for (const { each } of oldest) await within('readwrite', (store) => store.delete(each));
  },
};

/** Lets a person choose a film of theirs. Null where they thought better of it. Call from a click. */
export async function pickFilm(): Promise<{ file: File; handle: FileHandle | null } | null> {
  const picker = window as { showOpenFilePicker?: () => Promise<FileHandle[]> };
  if (picker.showOpenFilePicker) {
    try {
      const [handle] = await picker.showOpenFilePicker();
      return handle ? { file: await handle.getFile(), handle } : null;
    } catch (error) {
      if ((error as { name?: string }).name === 'AbortError') return null;
      // Not allowed here (a frame, a policy): the old way.
    }
  }
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'video/*,audio/*,.mkv,.avi,.ts,.m2ts,.mov,.wmv,.flv';
  const chosen = new Promise<File | null>((resolve) => {
    input.addEventListener('change', () => resolve(input.files?.[0] ?? null));
    input.addEventListener('cancel', () => resolve(null));
  });
  input.click();
  const file = await chosen;
  return file && { file, handle: null };
}

/** The handle of a dropped file, where the browser has one. Call within the event. */
export async function handleOf(item: DataTransferItem | undefined): Promise<FileHandle | null> {
  const dropped = item as
    | (DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> })
    | undefined;
  const handle = await dropped?.getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === 'file' ? (handle as FileHandle) : null;
}
