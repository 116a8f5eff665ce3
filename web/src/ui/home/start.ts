// Opening a room from the home page: one request, then straight into the seat; a scheduled room
// waits for its evening.
import { openRoom, type RoomOpened } from '../../net/api';
import type { Entry, MediaRef, PolicyPatch, Visibility } from '../../room/model';
import { presetPatch, PRESETS } from '../../room/presets';
import { myRooms } from '../../net/storage';
import { fromPicker } from '../when';
import { router } from '../../router.svelte';

/** What may be chosen before a room opens; all of it but the password can be changed inside. */
export interface PartyChoices {
  name: string;
  entry: Extract<Entry, 'open' | 'approval' | 'password'>;
  password: string;
  /** Key of a preset. */
  remote: string;
  listed: boolean;
  /** When it begins, as the date and time picker has it; empty: now. */
  begin: string;
}

export const PLAIN_PARTY: PartyChoices = {
  name: '',
  entry: 'open',
  password: '',
  remote: 'everyone',
  listed: false,
  begin: '',
};

export function policyOf(choices: PartyChoices): PolicyPatch {
  const preset = PRESETS.find(({ key }) => key === choices.remote);
  return {
    entry: choices.entry,
    visibility: (choices.listed ? 'public' : 'unlisted') satisfies Visibility,
    ...(preset ? presetPatch(preset) : {}),
  };
}

/** The instant chosen for the start; null: now. Throws what is wrong with it, for people. */
export function beginOf(choices: PartyChoices, now = Date.now()): number | null {
  if (choices.begin === '') return null;
  const at = fromPicker(choices.begin);
  if (at === null) throw new Error('That is no date and time. Pick one, or leave it empty.');
  if (at <= now) throw new Error('That time has passed. Pick a later one, or start now.');
  return at;
}

/** Into the new room; a scheduled one is given back instead, with its instant. */
export async function startParty(
  media?: MediaRef,
  title?: string,
  choices: PartyChoices = PLAIN_PARTY,
): Promise<{ room: RoomOpened; at: number } | null> {
  if (choices.entry === 'password' && choices.password === '')
    throw new Error('Give the room a password, or let people in another way.');
  const at = beginOf(choices);
  const name = choices.name.trim() || nameFor(title);
  const room = await openRoom({
    ...(media === undefined ? {} : { media }),
    ...(name ? { name } : {}),
    // Untouched, the server's own defaults count.
    ...(choices === PLAIN_PARTY ? {} : { policy: policyOf(choices) }),
    ...(choices.entry === 'password' ? { password: choices.password } : {}),
    ...(at === null ? {} : { schedule: at }),
  });
  remember(room);
  if (at !== null) return { room, at };
  router.go(`r/${room.code}`);
  return null;
}

/** On with a party: into its room while that is live, else into a new one that starts where it stopped. */
export async function resumeParty(code: string, live: boolean): Promise<void> {
  if (live) {
    router.go(`r/${code}`);
    return;
  }
  const room = await openRoom({ from: code });
  remember(room);
  router.go(`r/${room.code}`);
}

function remember(room: RoomOpened): void {
  const { code, name, host_key: hostKey } = room;
  myRooms.visit({ code, name, ...(hostKey ? { hostKey } : {}) });
}

/** Room names that sound like an evening; the host may change them. */
function nameFor(title: string | undefined): string | undefined {
  return title ? title.slice(0, 60) : undefined;
}
