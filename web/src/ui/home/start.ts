// Opening a room from the home page: one request, then straight into the host's seat.
import { openRoom } from '../../net/api';
import type { MediaRef } from '../../room/model';
import { myRooms } from '../../net/storage';
import { router } from '../../router.svelte';

export async function startParty(media?: MediaRef, name?: string): Promise<void> {
  const room = await openRoom({
    ...(media === undefined ? {} : { media }),
    ...(name ? { name } : {}),
  });
  myRooms.visit({ code: room.code, name: room.name, hostKey: room.host_key });
  router.go(`r/${room.code}`);
}

/** Room names that sound like an evening; the host may change them. */
export function nameFor(title: string | undefined): string | undefined {
  return title ? title.slice(0, 60) : undefined;
}
