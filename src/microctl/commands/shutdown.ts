/** `microctl shutdown`: stops the daemon. */
import { withDaemon } from '../connection.js';
import type { Settings } from '../settings.js';

/** Asks the daemon to stop; prints nothing when it has. */
export async function shutdown(settings: Settings): Promise<void> {
  await withDaemon(settings, (daemon) => daemon.request('POST', '/core/control/shutdown'));
}
