/** An exclusive lock on a node's directory, released by the kernel when its holder dies. */
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { DqliteError } from '../errors/index.js';
import { LINUX, libc } from './libc.js';

/** Not `dqlite-lock`: libdqlite 1.16.5 and later lock that one themselves (`spec/dqlite.md` B.5). */
const LOCK_FILE = 'node.lock';

/** Holds a directory for one node; old versions of libdqlite happily run two on the same files. */
export class DirectoryLock {
  #fd: number | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Takes the lock, without waiting.
   *
   * @throws DqliteError `DIRECTORY_LOCKED` when another node (of this process or another) holds it,
   *   `STATE_FILES` when the lock file cannot be opened or locked
   */
  static acquire(directory: string): DirectoryLock {
    const file = join(directory, LOCK_FILE);
    let fd: number;
    try {
      fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DqliteError('STATE_FILES', { file, reason }, { cause });
    }
    if (libc().flock(fd, LINUX.LOCK_EX_NB) !== 0) {
      const errno = libc().errno();
      closeSync(fd);
      if (errno === LINUX.EWOULDBLOCK) throw new DqliteError('DIRECTORY_LOCKED', { directory });
      // A network file system may have no locks: then it is no other node that has to be stopped.
      const reason = `it cannot be locked (error number ${errno}); use a local file system`;
      throw new DqliteError('STATE_FILES', { file, reason });
    }
    return new DirectoryLock(fd);
  }

  /** Releases the lock; idempotent. The file stays: removing it would let two holders lock two files. */
  release(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
