/** Waiting for something to become true, with a limit and the last reason why it was not. */
import { setTimeout as delay } from 'node:timers/promises';

/** Time between two attempts, milliseconds. */
const PAUSE_MS = 25;

/** The limit was reached; the cause is what the last attempt threw. */
export class WaitedInVain extends Error {
  override readonly name = 'WaitedInVain';
}

/**
 * Repeats `attempt` until it resolves with something else than `undefined`.
 *
 * @param what completes the sentence 'Waited in vain for ...'
 * @param limitMs when to give up, milliseconds
 * @throws WaitedInVain
 */
export async function eventually<T>(
  what: string,
  limitMs: number,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  let failure: unknown;
  for (;;) {
    try {
      const found = await within(deadline - performance.now(), attempt());
      if (found !== undefined) return found;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() + PAUSE_MS >= deadline) break;
    await delay(PAUSE_MS);
  }
  const reason = failure instanceof Error ? `: ${failure.message}` : '';
  throw new WaitedInVain(`Waited ${limitMs} ms in vain for ${what}${reason}`, { cause: failure });
}

/** An attempt that hangs must not hold up the limit. */
async function within<T>(limitMs: number, attempt: Promise<T>): Promise<T> {
  const given = new AbortController();
  try {
    return await Promise.race([
      attempt,
      delay(Math.max(limitMs, 0), undefined, { signal: given.signal }).then(() => {
        throw new Error('the last attempt did not end');
      }),
    ]);
  } finally {
    given.abort();
  }
}
