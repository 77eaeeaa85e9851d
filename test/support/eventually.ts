/** Waiting for something to become true, with a deadline and the last reason why it was not. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Repeats `attempt` until it does not throw.
 *
 * @param what completes the sentence 'waited in vain for ...'
 * @param limitMs when to give up, milliseconds
 * @returns what the attempt returned
 */
export async function eventually<T>(
  what: string,
  limitMs: number,
  attempt: () => T | Promise<T>,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`waited ${limitMs / 1000} s in vain for ${what}: ${reason}`, {
          cause: error,
        });
      }
    }
    await sleep(POLL_MS);
  }
}
