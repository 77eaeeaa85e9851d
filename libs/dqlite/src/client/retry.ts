/** Repeats what is safe to repeat, until a deadline. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { Deadline } from './deadline.js';

/** Pauses after BUSY grow from the first to the second, milliseconds; all are jittered. */
const FIRST_BUSY_PAUSE_MS = 1;
const LAST_BUSY_PAUSE_MS = 20;
/** After the loss of a leader; the search for the next one pauses by itself. */
const OTHER_NODE_PAUSE_MS = 10;

export interface RetryOptions {
  readonly deadline: Deadline;
  /** Subject of the message when the time is over. */
  readonly what: string;
  /** Whether a second execution does no harm, so that an unknown outcome may be repeated too. */
  readonly idempotent?: boolean | undefined;
  /** Has the last word on an error that is retryable by itself. */
  readonly mayRetry?: (error: DqliteError) => boolean;
  /** Told of each error that will be followed by another attempt. */
  readonly onRetry?: (error: DqliteError) => void;
}

/** Whether repeating the whole of what failed with `error` cannot have a second effect. */
export function isRetryable(error: unknown, idempotent = false): error is DqliteError {
  if (!isDqliteError(error)) return false;
  if (error.code === 'OUTCOME_UNKNOWN') return idempotent;
  // NO_LEADER comes at the end of a search that took all the time there was.
  return error.outcome === 'not-executed' && error.retry !== 'none' && error.code !== 'NO_LEADER';
}

/**
 * Calls `attempt` until it succeeds, fails for good, or the deadline is over. Every attempt must be complete in
 * itself: a statement of its own, or a transaction from its beginning.
 */
export async function retrying<T>(
  options: RetryOptions,
  attempt: (tries: number) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(tries);
    } catch (error) {
      if (!isRetryable(error, options.idempotent)) throw error;
      if (options.mayRetry?.(error) === false) throw error;
      const pause = pauseAfter(error, tries);
      if (options.deadline.signal?.aborted === true) throw options.deadline.error(options.what);
      if (options.deadline.remainingMs <= pause) throw lastError(error, options);
      options.onRetry?.(error);
      await options.deadline.pause(pause, options.what).catch((over: unknown) => {
        // On a busy machine a pause outlasts the time that was left, and says less than the error before it.
        throw options.deadline.signal?.aborted === true ? over : lastError(error, options);
      });
    }
  }
}

/** Nobody should have to know BUSY: what they see is that their time was not enough. */
function lastError(error: DqliteError, { deadline, what }: RetryOptions): DqliteError {
  if (!isDqliteError(error, 'BUSY', 'BUSY_SNAPSHOT')) return error;
  return new DqliteError('TIMEOUT', { what, ms: deadline.ms }, { cause: error });
}

function pauseAfter(error: DqliteError, tries: number): number {
  if (isDqliteError(error, 'BUSY', 'BUSY_SNAPSHOT')) {
    const ceiling = Math.min(LAST_BUSY_PAUSE_MS, FIRST_BUSY_PAUSE_MS * 2 ** Math.min(tries, 10));
    return FIRST_BUSY_PAUSE_MS + Math.random() * ceiling;
  }
  return tries === 1 ? 0 : OTHER_NODE_PAUSE_MS * (0.5 + Math.random());
}
