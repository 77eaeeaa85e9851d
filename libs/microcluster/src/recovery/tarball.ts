/** Whose the archive with recovered data is: its maker must not load it again over what it has done since. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../errors/system-error.js';
import { removeFileDurably, syncDirectory } from '../state/write-file-atomic.js';

/** Where the daemon looks for recovered data at its start (`spec/core-api.md` 1.2). */
export const TARBALL = 'recovery_db.tar.gz';
/** Holds the digest of the archive that was made in this state directory. */
export const MADE_HERE = 'recovery_db.made-here';
/** Where the maker keeps its archive after its start, for members that it was not copied to yet. */
export const APPLIED_TARBALL = 'recovery_db.applied.tar.gz';

/** The SHA-256 of a file, in lower-case hex. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * Finds the archive that is to be loaded. One that was made here is put aside: the database has it already.
 *
 * @returns whether there is one from another member
 */
export async function takeForeignTarball(stateDir: string): Promise<'foreign' | 'own' | 'none'> {
  const file = path.join(stateDir, TARBALL);
  let digest: string;
  try {
    digest = await digestOf(file);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'none';
    throw error;
  }
  const note = path.join(stateDir, MADE_HERE);
  const own = await readFile(note, 'utf8').catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (own !== digest) return 'foreign';
  await rename(file, path.join(stateDir, APPLIED_TARBALL));
  await syncDirectory(stateDir);
  await removeFileDurably(note);
  return 'own';
}
