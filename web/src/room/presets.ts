// Policies in words: the presets hosts choose from, and how a room's rules read.
import type { Controls, Policy, PolicyPatch } from './model';

export interface Preset {
  key: string;
  title: string;
  about: string;
  controls: Pick<Controls, 'play' | 'seek' | 'rate' | 'queue' | 'ask'>;
}

export const PRESETS: readonly Preset[] = [
  {
    key: 'everyone',
    title: 'Everyone',
    about: 'Anybody may play, pause, skip and choose.',
    controls: {
      play: 'everyone',
      seek: 'everyone',
      rate: 'everyone',
      queue: 'everyone',
      ask: true,
    },
  },
  {
    key: 'ask',
    title: 'Ask to pause',
    about: 'You and your co-hosts steer; the others ask, you tap.',
    controls: {
      play: 'co_hosts',
      seek: 'co_hosts',
      rate: 'co_hosts',
      queue: 'everyone',
      ask: true,
    },
  },
  {
    key: 'co_hosts',
    title: 'Host and co-hosts',
    about: 'Nobody else steers or asks.',
    controls: {
      play: 'co_hosts',
      seek: 'co_hosts',
      rate: 'co_hosts',
      queue: 'co_hosts',
      ask: false,
    },
  },
  {
    key: 'host',
    title: 'Host only',
    about: 'The remote control stays in your hand.',
    controls: { play: 'host', seek: 'host', rate: 'host', queue: 'host', ask: false },
  },
];

/** The preset whose play, seek and asking a policy has; null for a mixture of its own. */
export function presetOf(policy: Policy): Preset | null {
  const { play, seek, ask } = policy.controls;
  return (
    PRESETS.find(
      ({ controls }) =>
        controls.play === play &&
        controls.seek === seek &&
        (play === 'everyone' || controls.ask === ask),
    ) ?? null
  );
}

export function presetPatch(preset: Preset): PolicyPatch {
  return { controls: { ...preset.controls } };
}

export const ENTRIES = {
  open: 'Anybody with the link',
  password: 'Whoever knows the password',
  approval: 'You let each one in',
  invite: 'Only by invite links that you make',
} as const;

export interface Absence {
  key: string;
  text: string;
  policy: Policy['host_absence'];
}

const MINUTE_MS = 60_000;
const grace = (minutes: number): Absence => ({
  key: `grace-${minutes * MINUTE_MS}`,
  text: `Close it after ${minutes} min, unless the host is back`,
  policy: { do: 'grace', span: minutes * MINUTE_MS },
});

/** What happens to the room while its host is gone. */
export const ABSENCES: readonly Absence[] = [
  { key: 'stay', text: 'The party goes on', policy: { do: 'stay' } },
  { key: 'hand_over', text: 'Somebody else becomes the host', policy: { do: 'hand_over' } },
  grace(1),
  grace(5),
  grace(15),
  grace(30),
  { key: 'close', text: 'Close it at once', policy: { do: 'close' } },
];

export function absenceKey(policy: Policy['host_absence']): string {
  return policy.do === 'grace' ? `grace-${policy.span}` : policy.do;
}

export const VISIBILITIES = {
  unlisted: 'Only by the link',
  public: 'Listed on the start page',
  private: 'By the link, and told to nobody',
} as const;

/** The rules, for those who can't change them. */
export function rulesText(policy: Policy): string[] {
  const who = { everyone: 'Everybody', co_hosts: 'The host and co-hosts', host: 'The host' };
  const lines = [
    `${who[policy.controls.play]} may play and pause.`,
    `${who[policy.controls.seek]} may skip.`,
    `${who[policy.controls.queue]} may choose what is on.`,
  ];
  if (policy.controls.play !== 'everyone' && policy.controls.ask)
    lines.push('Everybody may ask for a pause.');
  lines.push(
    policy.barrier.do === 'wait'
      ? `A film starts when everybody has loaded, after ${Math.round(policy.barrier.deadline / 1000)} s at the latest.`
      : 'A film starts at once, without waiting for anybody.',
  );
  const absence = ABSENCES.find((each) => each.key === absenceKey(policy.host_absence));
  if (absence && absence.key !== 'stay') lines.push(`When the host is gone: ${absence.text}.`);
  if (!policy.chat.enabled) lines.push('The chat is off.');
  else if (policy.chat.slow_mode > 0)
    lines.push(`Slow mode: one message in ${Math.round(policy.chat.slow_mode / 1000)} s.`);
  return lines;
}
