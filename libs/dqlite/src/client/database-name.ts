/** Which database names are safe to send: some others crash a server (`spec/dqlite.md` A.5, OPEN). */
import { DqliteError } from '../errors/index.js';

const SAFE = /^[A-Za-z0-9_.-]{1,200}$/;

/**
 * Returns `name`.
 *
 * @throws DqliteError INVALID_DATABASE_NAME
 */
export function checkDatabaseName(name: string): string {
  if (!SAFE.test(name) || name.endsWith('-wal')) {
    throw new DqliteError('INVALID_DATABASE_NAME', { name });
  }
  return name;
}
