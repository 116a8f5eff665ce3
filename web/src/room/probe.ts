// `window.__watchalong`: what end-to-end tests and the sync lab read. It shows what
// components see, and sends the same commands; nothing of the page depends on it.
//
//   status      the sync engine's status (skew, percentiles, counters) or null
//   room        the room's snapshot with all events applied, or null
//   connection  'connecting' | 'open' | 'pending' | 'reconnecting' | 'closed'
//   position    where the room is now, seconds
//   serverNow   the server's clock, ms
//   history     one minute of own skew
//   send(cmd)   a command as in docs/protocol.md section 4; resolves with its revision
//   drop()      cuts the connection as a lost network would
//
// The sync lab sets `window.__watchalongLab` (anything with `push`) before the page
// loads to receive every frame.
import type { Command } from '../net/protocol';
import type { Session } from './session.svelte';

export interface Probe {
  readonly status: Session['playback']['status'];
  readonly room: Session['room'];
  readonly connection: Session['connection'];
  readonly position: number;
  readonly serverNow: number;
  readonly history: Session['playback']['history'];
  send(command: Command): Promise<number>;
  drop(): void;
}

declare global {
  interface Window {
    __watchalong?: Probe;
  }
}

export function exposeForTests(session: Session): () => void {
  const probe: Probe = {
    get status() {
      return session.playback.status;
    },
    get room() {
      return session.room;
    },
    get connection() {
      return session.connection;
    },
    get position() {
      return session.playback.roomPosition();
    },
    get serverNow() {
      return session.playback.serverNow();
    },
    get history() {
      return session.playback.history;
    },
    send: (command) => session.send(command),
    drop: () => session.dropConnection(),
  };
  window.__watchalong = probe;
  return () => {
    if (window.__watchalong === probe) delete window.__watchalong;
  };
}
