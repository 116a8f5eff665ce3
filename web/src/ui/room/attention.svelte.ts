// What asks for attention while something else is on screen: chat lines that came in
// unseen, being named, and reports to the moderators.
import { untrack } from 'svelte';

import { namesMe } from '../../room/mentions';
import { nameOf } from '../../room/phrases';
import type { Session } from '../../room/session.svelte';
import type { Shell } from './shell.svelte';

/** Of a long message a toast shows the beginning. */
const SHOWN_LENGTH = 90;
const NAMED_MS = 8000;
const REPORT_MS = 12_000;

export function payAttention(session: Session, shell: Shell): void {
  let seen = session.room?.chat.at(-1)?.id ?? 0;
  $effect(() => {
    const fresh = session.reading.shown.slice(-50).filter((message) => message.id > seen);
    const last = fresh.at(-1);
    if (!last) return;
    seen = last.id;
    untrack(() => {
      const room = session.room;
      if (!room || shell.reading) return;
      const others = fresh.filter((message) => message.by !== room.you.member && !message.deleted);
      shell.unread += others.length;
      for (const message of others.filter((each) => namesMe(each, room))) {
        shell.named += 1;
        session.toasts.show(`${message.name}: ${cut(message.text)}`, {
          key: 'named',
          forMs: NAMED_MS,
          actions: [
            {
              label: 'Answer',
              run: () => {
                session.draft.replyTo = message;
                shell.focusChat();
              },
            },
          ],
        });
      }
    });
  });

  // Whoever looks at the inbox needs no note about it.
  $effect(() => {
    if (shell.panel && shell.tab === 'people' && shell.desk === 'reports')
      untrack(() => session.toasts.dropKeys('report-'));
  });

  let told: readonly number[] | null = null;
  $effect(() => {
    const reports = session.room?.reports ?? [];
    const known = told;
    told = reports.map((report) => report.id);
    // Those that were there before one came are told of by the tab's mark.
    if (known === null) return;
    untrack(() => {
      const room = session.room;
      if (shell.panel && shell.tab === 'people' && shell.desk === 'reports') return;
      for (const report of reports) {
        if (known.includes(report.id) || !room || report.by === room.you.member) continue;
        const whom = report.member == null ? 'a message' : nameOf(room, report.member);
        session.toasts.show(`${report.name} reported ${whom}`, {
          key: `report-${report.id}`,
          forMs: REPORT_MS,
          actions: [
            {
              label: 'Look',
              run: () => {
                shell.desk = 'reports';
                shell.show('people');
              },
            },
          ],
        });
      }
    });
  });
}

function cut(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
