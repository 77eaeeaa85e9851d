/** Whether a state directory belongs to a member, told by its database; what is damaged is refused, never started over. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isRaftFile } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { EMBEDDED_FILE, recordedEngine } from '../replication/index.js';
import { isPresent } from '../state/file-presence.js';

/**
 * Looks at the database directory (`spec/core-api.md` 1.3).
 *
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` when data is there without the file that says whose: taken
 *   for a new daemon, the next bootstrap or join would be made on top of it
 */
export async function holdsMember(databasePath: string): Promise<boolean> {
  if ((await recordedEngine(databasePath)) === 'sqlite') return true;
  const info = path.join(databasePath, 'info.yaml');
  if (await isPresent(info)) return true;
  const names = await readdir(databasePath);
  if (names.some(isRaftFile)) throw lost(info);
  if (names.includes(EMBEDDED_FILE)) throw lost(path.join(databasePath, 'engine'));
  return false;
}

/**
 * Makes sure that a member has its key pair: with a new one it would be a stranger to its own cluster.
 *
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` naming the first file of the pair that is missing
 */
export async function requireKeyPair(stateDir: string, name: string): Promise<void> {
  for (const suffix of ['key', 'crt']) {
    const file = path.join(stateDir, `${name}.${suffix}`);
    if (!(await isPresent(file))) throw lost(file);
  }
}

function lost(file: string): MicroclusterError {
  const reason =
    'it is missing although this member has a database; restore it from a backup, or, if the other members are well, remove this one there, empty its state directory and join again';
  return new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason });
}
