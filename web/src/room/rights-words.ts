// Why something can't be done, in words: what stands beside a control that is off. Pure.
import type { Controls, Policy, Snapshot, Who } from './model';

const WHO: Record<Who, string> = {
  everyone: 'Everybody',
  co_hosts: 'The host and co-hosts',
  host: 'Only the host',
};

/** What each right is for, as it follows "can". */
export const RIGHTS: Record<Exclude<keyof Controls, 'ask'>, string> = {
  play: 'play and pause',
  seek: 'skip',
  rate: 'change the speed',
  queue: 'choose what is on',
  chat: 'write in the chat',
  invite: 'make invitations',
  people: 'let people in, mute, send out and ban',
};

export type Right = keyof typeof RIGHTS;
export const RIGHT_KEYS = Object.keys(RIGHTS) as Right[];

/** "Only the host can skip here." */
export function whoMay(policy: Policy, right: Right): string {
  return `${WHO[policy.controls[right]]} can ${RIGHTS[right]} here.`;
}

/** Why the viewer may not; null where they may. */
export function whyNot(room: Snapshot, right: Right): string | null {
  return room.you.rights[right] ? null : whoMay(room.policy, right);
}

/** Why nothing can be written; null where it can. */
export function silence(room: Snapshot): string | null {
  const me = room.members.find((member) => member.id === room.you.member);
  if (!room.policy.chat.enabled) return 'The chat is off here';
  if (me?.muted) return 'The host has muted you';
  if (room.you.rights.chat) return null;
  return room.policy.controls.chat === 'host'
    ? 'Only the host writes here'
    : 'The host and co-hosts write here';
}

/** One's own rights, each as a sentence. */
export function myRightsText(room: Snapshot): { may: boolean; text: string }[] {
  return RIGHT_KEYS.map((right) => {
    const why = whyNot(room, right);
    return { may: why === null, text: why ?? `You can ${RIGHTS[right]}.` };
  });
}
