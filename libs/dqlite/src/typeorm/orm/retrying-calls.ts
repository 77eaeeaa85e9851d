/** Repeats what TypeORM calls once: work on the database that failed without an effect. */
import { Deadline } from '../../client/deadline.js';
import { retrying } from '../../client/retry.js';
import { isDqliteError, type DqliteError } from '../../errors/index.js';
import type { SqlCallOptions } from '../engine.js';
import { withSqlOptions } from './query-options.js';

/** How often and how long work is repeated. */
export interface RetryCallOptions extends SqlCallOptions {
  /** A second execution does no harm: repeat also when the outcome of the first is unknown. Default `false`. */
  readonly idempotent?: boolean;
}

/**
 * Calls `work` until it succeeds, fails for a reason that stays, or its time is over.
 *
 * @param defaultMs deadline for all attempts together, milliseconds, when the options name none
 * @throws what the last attempt threw, unchanged; DqliteError `TIMEOUT` where the database was busy to the end, `ABORTED`
 */
export async function retryingCalls<T>(
  work: () => Promise<T>,
  { idempotent, ...options }: RetryCallOptions,
  defaultMs: number,
): Promise<T> {
  const deadline = new Deadline(options, defaultMs);
  let thrown: unknown;
  let reason: unknown;
  try {
    return await retrying({ deadline, what: 'A transaction', idempotent }, async () => {
      try {
        return await withSqlOptions({ ...options, deadlineMs: deadline.remainingMs }, work);
      } catch (error) {
        thrown = error;
        reason = databaseErrorOf(error) ?? error;
        throw reason;
      }
    });
  } catch (error) {
    throw error === reason ? thrown : error;
  }
}

/** The database's own error, of which TypeORM and others make the cause of theirs. */
function databaseErrorOf(error: unknown): DqliteError | undefined {
  for (let current = error; current instanceof Error;) {
    if (isDqliteError(current)) return current;
    current = 'driverError' in current ? current.driverError : current.cause;
  }
  return undefined;
}
