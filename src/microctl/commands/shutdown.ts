/** `microctl shutdown`: stops the daemon. */
import { withDaemon } from '../connection.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** Asks the daemon to stop; prints nothing when it has. */
export async function shutdown(settings: Settings): Promise<void> {
  await withProgress(settings, 'Stopping the daemon', () =>
    withDaemon(settings, (daemon) => daemon.request('POST', '/core/control/shutdown')),
  );
}
