/** Repeats work on the membership while its failures are of the passing kind. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDqliteError } from '../errors/index.js';

const PAUSE_MS = 250;

/**
 * Runs `work` until it succeeds, `signal` aborts, or it fails for good. Passing failures are elections,
 * lost connections and changes in progress; `work` must look at the cluster anew each time, since an
 * attempt whose answer was lost may have succeeded.
 */
export async function persist<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      await pause(PAUSE_MS, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

function isPassing(error: unknown): boolean {
  return isDqliteError(
    error,
    'NOT_LEADER',
    'LEADERSHIP_LOST',
    'CONNECTION_LOST',
    'OUTCOME_UNKNOWN',
    'BUSY',
  );
}
