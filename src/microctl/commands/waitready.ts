/** `microctl waitready`: waits until the daemon has started completely. */
import { setTimeout as sleep } from 'node:timers/promises';
import { withDaemon } from '../connection.js';
import { describeError } from '../errors.js';
import type { Settings } from '../settings.js';

const POLL_MS = 500;
/** One question may take this long; a daemon that starts slowly is asked again. */
const QUESTION_MS = 30_000;

/** Asks until the answer is yes or the time limit has passed. */
export async function waitReady(settings: Settings): Promise<void> {
  const deadline = settings.timeoutMs > 0 ? performance.now() + settings.timeoutMs : Infinity;
  for (;;) {
    const left = deadline - performance.now();
    try {
      await withDaemon(
        { ...settings, timeoutMs: Math.max(1, Math.min(QUESTION_MS, left)) },
        (daemon) => daemon.request('GET', '/core/1.0/ready'),
      );
      return;
    } catch (error) {
      if (performance.now() + POLL_MS >= deadline) {
        throw new Error(
          `MicroCluster still not running after context deadline exceeded: ${describeError(error)}`,
          { cause: error },
        );
      }
    }
    await sleep(POLL_MS);
  }
}
