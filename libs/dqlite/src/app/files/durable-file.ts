/** Writes and removes files so that a crash leaves the old content or the new one, and a power cut does not undo it. */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSystemError } from '../../errors/system-error.js';

/** Only the owner reads and writes. */
const PRIVATE = 0o600;

/** Replaces `file` by `content` (mode 0600): a temporary file is synced, renamed over it, and the directory synced. */
export async function writeDurably(file: string, content: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.new`;
  try {
    const handle = await open(temporary, 'wx', PRIVATE);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(file));
}

/** Removes `file` if it exists, and syncs the directory. */
export async function removeDurably(file: string): Promise<void> {
  await rm(file, { force: true });
  await syncDirectory(dirname(file));
}

/** The text of `file`, or `undefined` when it does not exist. */
export async function readIfExists(file: string): Promise<string | undefined> {
  return (await readBytesIfExists(file))?.toString('utf8');
}

/** The content of `file`, or `undefined` when it does not exist. */
export async function readBytesIfExists(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Makes renames and removals in `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
