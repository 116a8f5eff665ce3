// The viewer's page of a staged party: the film, following the room, and the chat.
import type { RoomState } from './follow';
import { address, Link, type Message, part } from './link';
import { Stage } from './stage';

/** What the server expects of a page, and what keeps the clock right. */
const PING_MS = 5000;
/** Lines of chat kept on the page. */
const LINES = 200;

const film = part('film', HTMLVideoElement);
const note = part('note', HTMLParagraphElement);
const start = part('start', HTMLButtonElement);
const back = part('back', HTMLButtonElement);
const people = part('people', HTMLSpanElement);
const lines = part('lines', HTMLOListElement);
const follow = part('follow', HTMLInputElement);

let pinged = 0;
let seen = -1;

const stage = new Stage(film, ({ apart, blocked, empty }) => {
  back.hidden = !apart;
  start.hidden = !blocked;
  note.textContent = empty ? 'Nothing is on yet. It begins here by itself.' : '';
  if (empty) show();
});

function show(): void {
  document.body.classList.remove('waiting');
}

film.addEventListener('progress', show, { once: true });
film.addEventListener('loadeddata', show, { once: true });
film.addEventListener('loadedmetadata', () =>
  link.send({ type: 'media-loaded', rev: seen, attempt: 1 }),
);

/** The state of a message, where it is one. */
function stateOf(data: unknown): RoomState | null {
  const state = data as Partial<RoomState> | null;
  const whole =
    typeof state?.t === 'number' && typeof state.ts === 'number' && typeof state.rev === 'number';
  return whole ? (state as RoomState) : null;
}

function line(message: Message): void {
  const item = document.createElement('li');
  if (message['type'] === 'chat') {
    const by = document.createElement('b');
    by.textContent = String(message['name']);
    item.append(by);
  } else {
    item.className = 'system';
  }
  item.append(String(message['text']));
  lines.append(item);
  while (lines.childElementCount > LINES) lines.firstElementChild?.remove();
  item.scrollIntoView({ block: 'nearest' });
}

function hear(message: Message): void {
  switch (message['type']) {
    case 'self':
      stage.guid = String(message['guid']);
      note.textContent = '';
      break;
    case 'state': {
      const state = stateOf(message['data']);
      if (!state) break;
      seen = state.rev;
      stage.hear(state);
      break;
    }
    case 'seek-gate': {
      const { gateId, t, rev } = message;
      if (typeof t !== 'number' || typeof rev !== 'number') break;
      stage.gather(t, rev, () => link.send({ type: 'seek-ready', gateId }));
      break;
    }
    case 'pong':
      stage.clock.learn(pinged, Date.now(), Number(message['ts']));
      break;
    case 'presence': {
      const users = message['users'];
      const count = Array.isArray(users) ? users.length : 0;
      people.textContent = count === 1 ? '1 person here' : `${count} people here`;
      break;
    }
    case 'chat-history':
      lines.replaceChildren();
      if (Array.isArray(message['items'])) (message['items'] as Message[]).forEach(line);
      break;
    case 'chat':
    case 'system':
    case 'toast':
      line(message);
      break;
    case 'error':
      line({ type: 'system', text: 'Too many messages. Wait a little.' });
      break;
    default:
      if (typeof message['enforcePausePlay'] === 'boolean') {
        stage.enforces = message['enforcePausePlay'];
      }
  }
}

const link = new Link(
  () => address('watchparty'),
  hear,
  (reason) => {
    note.textContent =
      reason === 'unauthorized'
        ? 'This party needs the right link. Ask whoever invited you.'
        : 'The connection is lost. Trying again…';
    show();
  },
);

function ping(): void {
  pinged = Date.now();
  link.send({ type: 'ping', vis: document.visibilityState });
  if (stage.playing) link.send({ type: 'pos', t: stage.at });
}
setInterval(ping, PING_MS);
setTimeout(ping, 200);

start.onclick = () => stage.start();
back.onclick = () => {
  stage.join();
  back.hidden = true;
};
follow.onchange = () => (stage.follows = follow.checked);
part('ask', HTMLButtonElement).onclick = () => link.send({ type: 'request', action: 'pause' });
const text = part('text', HTMLInputElement);
part('say', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  if (text.value.trim()) link.send({ type: 'chat', text: text.value });
  text.value = '';
};
