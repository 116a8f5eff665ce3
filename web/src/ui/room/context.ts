// The session, for the components of the room page.
import { getContext, setContext } from 'svelte';

import type { Session } from '../../room/session.svelte';
import type { Shell } from './shell.svelte';

const SESSION = Symbol('session');
const SHELL = Symbol('shell');

export const provideSession = (session: Session): void => void setContext(SESSION, session);
export const useSession = (): Session => getContext<Session>(SESSION);
export const provideShell = (shell: Shell): void => void setContext(SHELL, shell);
export const useShell = (): Shell => getContext<Shell>(SHELL);
