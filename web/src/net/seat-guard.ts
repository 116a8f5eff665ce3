// Duplicating a tab copies its session storage, seat token included; two tabs with
// one seat would throw each other out for ever. So a tab that holds a seat says so
// when another asks, and the newcomer takes a seat of its own.

const CHANNEL = 'watchalong.seats';
/** A tab of the same browser answers within a few ms, if it isn't frozen. */
const PATIENCE_MS = 80;

type Note = { ask: string } | { held: string };

/** Answers for this seat from now on; returns what ends it. */
export function holdSeat(token: string): () => void {
  if (typeof BroadcastChannel === 'undefined') return () => undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event: MessageEvent<Note>) => {
    if ('ask' in event.data && event.data.ask === token) channel.postMessage({ held: token });
  };
  return () => channel.close();
}

/** Whether another tab of this browser sits on this seat. */
export function seatIsTaken(token: string): Promise<boolean> {
  if (typeof BroadcastChannel === 'undefined') return Promise.resolve(false);
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    const answer = (taken: boolean): void => {
      clearTimeout(timer);
      channel.close();
      resolve(taken);
    };
    const timer = setTimeout(() => answer(false), PATIENCE_MS);
    channel.onmessage = (event: MessageEvent<Note>) => {
      if ('held' in event.data && event.data.held === token) answer(true);
    };
    channel.postMessage({ ask: token });
  });
}
