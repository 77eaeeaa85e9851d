/** One daemon per state directory: a kernel lock that ends with its holder, also when that is killed. */
import { DirectoryLock, isDqliteError } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/microcluster-error.js';

/** Holds a state directory for this daemon. */
export interface StateLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Takes the directory, without waiting.
 *
 * @throws MicroclusterError `FAILED` when another daemon, of this process or another, runs in it
 */
export function acquireStateLock(directory: string): StateLock {
  try {
    return DirectoryLock.acquire(directory);
  } catch (cause) {
    if (!isDqliteError(cause) || cause.code !== 'DIRECTORY_LOCKED') throw cause;
    const reason = `Another daemon is already running in the state directory ${directory}; stop it first, or choose another directory`;
    throw new MicroclusterError('FAILED', { reason }, { cause });
  }
}
