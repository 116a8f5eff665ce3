// REST for whoever runs the server: with the admin key as a bearer, or, without one, by the cookie
// of an account that is an admin.
import { search } from './api';
import { events } from './event-stream';
import { ask, call, sending, withBearer } from './request';
import { adminKey } from './storage';

function callAsAdmin<T>(path: string, init?: RequestInit): Promise<T> {
  return call(`api/v2/admin/${path}`, withBearer(adminKey.get(), init));
}

const id = encodeURIComponent;

export interface Overview {
  version: string;
  started_at: number;
  uptime_ms: number;
  rooms: { live: number; total: number };
  people: { connected: number; accounts: number; guests_today: number };
  library: { items: number; scanning: boolean };
  store: { bytes: number };
  /** Null where the system doesn't tell. */
  process: { rss_bytes: number | null; threads: number | null; open_files: number | null };
  health: string;
}

export const overview = (): Promise<Overview> => callAsAdmin('overview');

export interface AdminRoom {
  code: string;
  name: string;
  life: string;
  visibility: string;
  entry: string;
  viewers: number;
  members: number;
  created_at: number;
  media: string | null;
  host: string | null;
}

export const adminRooms = (
  query: string,
  page: number,
): Promise<{ total: number; rooms: AdminRoom[] }> => callAsAdmin(`rooms?${search(query, page)}`);

export const endRoom = (code: string): Promise<void> =>
  callAsAdmin(`rooms/${id(code)}`, { method: 'DELETE' });

export interface AdminPerson {
  id: string;
  email: string;
  name: string;
  admin: boolean;
  disabled: boolean;
  created_at: number;
  seen_at: number | null;
}

export const people = (
  query: string,
  page: number,
): Promise<{ total: number; people: AdminPerson[] }> =>
  callAsAdmin(`people?${search(query, page)}`);

export interface NewPerson {
  email: string;
  name: string;
  password?: string;
  admin?: boolean;
}

export const addPerson = (person: NewPerson): Promise<AdminPerson> =>
  callAsAdmin('people', sending('POST', person));

export const changePerson = (
  person: string,
  change: { name?: string; admin?: boolean; disabled?: boolean; password?: string },
): Promise<AdminPerson> => callAsAdmin(`people/${id(person)}`, sending('PATCH', change));

export const removePerson = (person: string): Promise<void> =>
  callAsAdmin(`people/${id(person)}`, { method: 'DELETE' });

export interface PersonInvite {
  url: string;
  expires_at: number;
}

export const invitePerson = (wanted: {
  email?: string;
  admin?: boolean;
  hours?: number;
}): Promise<PersonInvite> => callAsAdmin('invites', sending('POST', wanted));

export interface LibraryState {
  items: number;
  unplayable: { title: string; problem: string | null }[];
  /** What could not be read while scanning. */
  warnings?: string[];
  roots: string[];
  scanning: boolean;
}

export const libraryState = (): Promise<LibraryState> => callAsAdmin('library');
export const scanLibrary = (): Promise<void> => callAsAdmin('library/scan', { method: 'POST' });

export interface AdminUpload {
  id: string;
  room: string;
  name: string;
  size: number;
  /** Bytes that have arrived. */
  offset: number;
  state: 'arriving' | 'watchable' | 'broken';
  problem: string | null;
  created_at: number;
  expires: number | null;
}

export interface AdminUploads {
  bytes: number;
  most: number;
  total: number;
  /** The largest first. */
  uploads: AdminUpload[];
}

export const uploads = (): Promise<AdminUploads> => callAsAdmin('uploads');
export const removeUpload = (upload: string): Promise<void> =>
  callAsAdmin(`uploads/${id(upload)}`, { method: 'DELETE' });

export interface Conversion {
  title: string;
  /** `v720`: a picture of so many lines; `copy`: the film's own; `a0`: a sound track. */
  rendition: string;
  /** The segment that it began with. */
  first: number;
}

/** Films converted for browsers that can't play them. */
export interface Conversions {
  on: boolean;
  problem: string | null;
  encodes_at_once: number;
  cache_bytes: number;
  cache_limit: number;
  running: (Conversion & { at: number; queued: boolean })[];
  /** Newest first. */
  ended: (Conversion & {
    segments: number;
    /** How many times faster than the film. */
    speed: number;
    ended_at: number;
    outcome: string;
    stderr: string;
  })[];
}

export const conversions = (): Promise<Conversions> => callAsAdmin('conversions');

/** How films leave the server; rates are bytes a second. */
export interface Delivery {
  uplink: number | null;
  viewer_rate: number | null;
  look_ahead: number | null;
  viewers: {
    /** `room/member`, or an address. */
    viewer: string;
    room: string | null;
    name: string | null;
    streams: number;
    waiting: number;
    bytes: number;
    bytes_per_second: number;
    mean_wait_ms: number;
    urgent: number;
    held: number;
  }[];
}

export const delivery = (): Promise<Delivery> => callAsAdmin('delivery');

export interface SettingInForce {
  key: string;
  /** Null where it is not set, or secret. */
  value: string | null;
  origin: 'default' | 'file' | 'variable' | 'flag';
  help: string;
  section: string;
  secret: boolean;
}

export async function settings(): Promise<SettingInForce[]> {
  return (await callAsAdmin<{ settings: SettingInForce[] }>('settings')).settings;
}

export interface Act {
  id: string;
  at: number;
  room: string | null;
  by: { name: string } | null;
  act: string;
  target: { name: string } | null;
  detail: string | null;
}

/** Newest first; `before` is the id of the oldest one known. */
export function audit(before: string | null, limit = 50): Promise<{ acts: Act[]; more: boolean }> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (before !== null) query.set('before', String(before));
  return callAsAdmin(`audit?${query}`);
}

export interface LogLine {
  at: number;
  level: string;
  target: string;
  message: string;
  fields: Record<string, unknown>;
}

/** The last lines, then each as it is written, until aborted or the connection ends. */
export async function* logs(signal: AbortSignal): AsyncGenerator<LogLine, void> {
  const response = await ask('api/v2/admin/logs', withBearer(adminKey.get(), { signal }));
  for await (const data of events(response)) {
    const line = JSON.parse(data) as LogLine | number;
    yield typeof line === 'number' ? lostLines(line) : line;
  }
}

/** In place of lines that came faster than they could be sent. */
function lostLines(count: number): LogLine {
  const message = `${count} lines came too fast to be shown here`;
  return { at: Date.now(), level: 'warn', target: 'page', message, fields: {} };
}
