/** Writing a file so that a crash at any moment leaves either the old content or the new one. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/**
 * The name of a file that is being written; one that a crash left over means nothing. It does not contain
 * the file's own name, which may be as long as the file system allows; names of older releases do.
 */
const TEMPORARY_NAME = /^\.(?:.+\.)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/**
 * Replaces `file` as a whole and returns when the new content is on the disk: temporary file, fsync, rename,
 * fsync of the directory.
 *
 * @param mode permissions of the file, whatever the umask
 */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await replaceFile(file, mode, (handle) => handle.writeFile(content));
}

/** As {@link writeFileAtomic}, with content that is too long to be held in memory. */
export async function writeStreamAtomic(
  file: string,
  content: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  await replaceFile(file, mode, async (handle) => {
    // Each goes on where the one before ended.
    for await (const chunk of content) await handle.writeFile(chunk);
  });
}

/**
 * Writes content that has yet to be checked to a new file beside `file`, for {@link moveFile}.
 *
 * @returns the path of the new file; {@link removeTemporaryFiles} knows it
 */
export async function writeStreamAside(
  file: string,
  content: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<string> {
  return writeAside(file, mode, async (handle) => {
    for await (const chunk of content) await handle.writeFile(chunk);
  });
}

/** Puts a file that was written aside in the place of `file`. */
export async function moveFile(aside: string, file: string): Promise<void> {
  await rename(aside, file);
  await syncDirectory(path.dirname(file));
}

async function replaceFile(
  file: string,
  mode: number,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = await writeAside(file, mode, write);
  try {
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(path.dirname(file));
}

async function writeAside(
  file: string,
  mode: number,
  write: (handle: FileHandle) => Promise<void>,
): Promise<string> {
  const temporary = path.join(path.dirname(file), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      // The umask may have taken bits away.
      await handle.chmod(mode);
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes what interrupted writes left in `directory`; only for whoever alone writes there. */
export async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (TEMPORARY_NAME.test(name)) await rm(path.join(directory, name), { force: true });
  }
}

/** Removes a file durably; one that does not exist is no error. */
export async function removeFileDurably(file: string): Promise<void> {
  await rm(file, { force: true });
  await syncDirectory(path.dirname(file));
}

/** Makes creations, renames and removals in `directory` survive a power failure. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a directory with its parents; one that exists keeps its mode (`spec/core-api.md` 1.1). */
export async function createDirectory(directory: string, mode: number): Promise<void> {
  const created = await mkdir(directory, { recursive: true, mode });
  if (created === undefined) return;
  const handle = await open(directory, 'r');
  try {
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(path.dirname(directory));
}
