/** `microctl waitready`: waits until the daemon has started completely. */
import { appOf } from '../connection.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** Asks until the answer is yes or the time limit has passed. */
export async function waitReady(settings: Settings): Promise<void> {
  const { timeoutMs, signal } = settings;
  const app = await appOf(settings);
  await withProgress(settings, 'Waiting for the daemon', (progress) =>
    app.ready({ timeoutMs, signal, onAnswer: progress.detail }),
  );
}
