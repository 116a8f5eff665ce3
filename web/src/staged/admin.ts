// The control page of a staged party: films to put on, and play, pause and seek for everybody. It holds no secret but
// the key that its person typed or came with; every message carries it.
import { clock, positionAt, type RoomState, seconds, ServerClock } from './follow';
import { address, Link, type Message, part } from './link';

/** Where the key is kept while the tab is open. */
const KEPT = 'watchparty-key';

const key = part('key', HTMLInputElement);
const staged = part('staged', HTMLParagraphElement);
const where = part('where', HTMLParagraphElement);
const films = part('films', HTMLUListElement);
const find = part('find', HTMLInputElement);
const enforce = part('enforce', HTMLInputElement);
const said = part('said', HTMLParagraphElement);

const time = new ServerClock();
let state: RoomState | undefined;
let paths: string[] = [];

key.value = new URLSearchParams(location.search).get('key') ?? sessionStorage.getItem(KEPT) ?? '';

function show(): void {
  staged.textContent = state?.path ?? 'Nothing is staged.';
  if (!state || state.path === null) where.textContent = '';
  else {
    const at = clock(positionAt(state, time.at(Date.now())));
    where.textContent = state.paused ? `Paused at ${at}` : `Playing at ${at}`;
  }
}
setInterval(show, 500);

function hear(message: Message): void {
  if (message['type'] === 'state') {
    state = message['data'] as RoomState;
    time.guess(Date.now(), state.ts);
    show();
  }
  if (typeof message['enforcePausePlay'] === 'boolean') {
    enforce.checked = message['enforcePausePlay'];
  }
  if (message['type'] === 'toast') said.textContent = String(message['text']);
}

const own = (): URL => address('', key.value ? { key: key.value } : {});
const link = new Link(own, hear, (reason) => {
  where.textContent = reason === 'unauthorized' ? 'The key is wrong.' : 'The connection is lost…';
});

function control(message: Message): void {
  said.textContent = key.value ? '' : 'Give the admin key first.';
  link.send({ ...message, key: key.value });
}

async function stage(path: string): Promise<void> {
  const answer = await fetch(address('api/stage'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path, key: key.value }),
  });
  const { ok, etag, error } = (await answer.json()) as {
    ok: boolean;
    etag?: string;
    error?: string;
  };
  said.textContent = ok ? '' : (error ?? `The server refused (${answer.status}).`);
  if (ok) control({ cmd: 'load', etag });
}

function list(): void {
  const words = find.value.toLowerCase().split(/\s+/);
  const found = paths.filter((path) => words.every((word) => path.toLowerCase().includes(word)));
  const items = found.slice(0, 500).map((path) => {
    const item = document.createElement('li');
    const name = document.createElement('span');
    name.textContent = path;
    const button = document.createElement('button');
    button.textContent = 'Put on';
    button.setAttribute('aria-label', `Put on ${path}`);
    button.onclick = () => void stage(path);
    item.append(name, button);
    return item;
  });
  films.replaceChildren(...items);
}

async function look(): Promise<void> {
  paths = (await (await fetch(address('api/media'))).json()) as string[];
  list();
}

part('gate', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, key.value);
  said.textContent = '';
  link.open();
};
part('play', HTMLButtonElement).onclick = () => control({ cmd: 'play' });
part('pause', HTMLButtonElement).onclick = () => control({ cmd: 'pause' });
part('seek', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const to = seconds(part('time', HTMLInputElement).value);
  if (to === null) said.textContent = 'A time such as 1:02:30 would be right.';
  else control({ cmd: 'seek', time: to });
};
enforce.onchange = () => control({ enforcePausePlay: enforce.checked });
find.oninput = list;
// Without the key: whoever has this link may only watch.
const viewers = new URL('watchparty', document.baseURI);
const room = new URLSearchParams(location.search).get('room');
if (room) viewers.searchParams.set('room', room);
const anchor = part('link', HTMLAnchorElement);
anchor.href = viewers.href;
anchor.textContent = viewers.href;
void look();
