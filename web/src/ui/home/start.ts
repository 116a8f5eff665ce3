// Opening a room from the home page: one request, then straight into the host's seat.
import { openRoom } from '../../net/api';
import type { Entry, MediaRef, PolicyPatch, Visibility } from '../../room/model';
import { presetPatch, PRESETS } from '../../room/presets';
import { myRooms } from '../../net/storage';
import { router } from '../../router.svelte';

/** What may be chosen before a room opens; all of it but the password can be changed inside. */
export interface PartyChoices {
  name: string;
  entry: Extract<Entry, 'open' | 'approval' | 'password'>;
  password: string;
  /** Key of a preset. */
  remote: string;
  listed: boolean;
}

export const PLAIN_PARTY: PartyChoices = {
  name: '',
  entry: 'open',
  password: '',
  remote: 'everyone',
  listed: false,
};

export function policyOf(choices: PartyChoices): PolicyPatch {
  const preset = PRESETS.find(({ key }) => key === choices.remote);
  return {
    entry: choices.entry,
    visibility: (choices.listed ? 'public' : 'unlisted') satisfies Visibility,
    ...(preset ? presetPatch(preset) : {}),
  };
}

export async function startParty(
  media?: MediaRef,
  title?: string,
  choices: PartyChoices = PLAIN_PARTY,
): Promise<void> {
  if (choices.entry === 'password' && choices.password === '')
    throw new Error('Give the room a password, or let people in another way.');
  const name = choices.name.trim() || nameFor(title);
  const room = await openRoom({
    ...(media === undefined ? {} : { media }),
    ...(name ? { name } : {}),
    // Untouched, the server's own defaults count.
    ...(choices === PLAIN_PARTY ? {} : { policy: policyOf(choices) }),
    ...(choices.entry === 'password' ? { password: choices.password } : {}),
  });
  myRooms.visit({
    code: room.code,
    name: room.name,
    ...(room.host_key ? { hostKey: room.host_key } : {}),
  });
  router.go(`r/${room.code}`);
}

/** Room names that sound like an evening; the host may change them. */
function nameFor(title: string | undefined): string | undefined {
  return title ? title.slice(0, 60) : undefined;
}
