/** Files that may be missing, told apart from files that cannot be looked at. */
import { access, readFile } from 'node:fs/promises';
import { isSystemError } from '../errors/system-error.js';

/**
 * Whether there is a file or directory at `file`.
 *
 * @throws the system's error when that cannot be found out, as without permission for the directory
 */
export async function isPresent(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * The text of `file`, UTF-8; `undefined` when there is none.
 *
 * @throws the system's error when it is there and cannot be read
 */
export async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
