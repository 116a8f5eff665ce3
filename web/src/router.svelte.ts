// A few pages, one document: home at the root, a room at `r/CODE`, and the person's and the
// operator's pages. Moving between them keeps the document, so that the click that opens a room
// also counts as the gesture browsers want before they play sound.
import { resolve } from './net/api';
import { readRoomUrl, type RoomLink } from './net/link';
import { type AccountLink, readAccountUrl } from './ui/account/link';

export type Route =
  | { page: 'home' }
  | { page: 'room'; link: RoomLink }
  | { page: 'account'; link: AccountLink }
  | { page: 'history' }
  | { page: 'admin' };

function routeOf(url: URL): Route {
  const room = readRoomUrl(url);
  if (room) return { page: 'room', link: room };
  const path = url.pathname.replace(/\/+$/, '');
  if (path === new URL(resolve('account')).pathname)
    return { page: 'account', link: readAccountUrl(url) };
  for (const page of ['history', 'admin'] as const)
    if (path === new URL(resolve(page)).pathname) return { page };
  return { page: 'home' };
}

class Router {
  current = $state.raw<Route>(routeOf(new URL(location.href)));

  constructor() {
    addEventListener('popstate', () => (this.current = routeOf(new URL(location.href))));
  }

  /** `path` is relative to the page's root: `''` is home, `r/CODE` a room. */
  go(path: string): void {
    const url = new URL(resolve(path));
    history.pushState(null, '', url);
    this.current = routeOf(url);
    scrollTo(0, 0);
  }

  /** For links: a plain left click stays in this document, everything else is the browser's. */
  follow(event: MouseEvent, path: string): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    this.go(path);
  }
}

export const router = new Router();

/** Takes key and name out of the address bar: they are secret, or meant for once. */
export function cleanAddress(): void {
  history.replaceState(history.state, '', location.pathname);
}
