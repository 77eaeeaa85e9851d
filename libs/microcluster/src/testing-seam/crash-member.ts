/** Ends a member as a power failure would, as far as that is possible for one that shares its process with others. */
import type { INestApplicationContext } from '@nestjs/common';
import { isSystemError } from '../errors/system-error.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ListenerSet } from '../listeners/index.js';

/** Process id of the member's database process; `undefined` when it has none. */
export function databaseProcessOf(app: INestApplicationContext): number | undefined {
  const runtime = app.get(MemberRuntime, { strict: false });
  return runtime.isOpen ? runtime.opened.processId : undefined;
}

/**
 * Kills the database process, cuts every connection, and stops what runs in this process, without handing
 * anything over or telling anybody. The state directory is left as it is and can be opened again once the
 * application is closed, too.
 */
export async function crashMember(app: INestApplicationContext): Promise<void> {
  const id = databaseProcessOf(app);
  if (id !== undefined) kill(id);
  const listeners = app.get(ListenerSet, { strict: false });
  const daemon = app.get(Daemon, { strict: false });
  await Promise.all([listeners.closeAll({ drainMs: 0 }), daemon.stop({ handover: false })]);
}

/** Calls `listener` when a client has asked the daemon to shut down and has its answer. */
export function stopRequests(app: INestApplicationContext, listener: () => void): void {
  app.get(Daemon, { strict: false }).onExitRequest(listener);
}

/** It may have ended by itself a moment ago. */
function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}
