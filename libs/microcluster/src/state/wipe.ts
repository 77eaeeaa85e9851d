/** Forgetting a member's state: one decision on disk, then renames, then deletion; foreign files stay. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { isPresent, readIfPresent } from './file-presence.js';
import { removeFileDurably, syncDirectory, writeFileAtomic } from './write-file-atomic.js';

/** While it exists, the state must go; whoever opens the directory next finishes the work. */
const DECISION = '.wipe';
const TRASH_PREFIX = '.wiped.';
/** How a directory is named in which state is kept; no file of a member is named so. */
const KEPT = /^removed\.[\w-]{1,64}$/;

/** What belongs to a member in its state directory. Backups of the database stay with the operator. */
const OWNED_ENTRIES: readonly RegExp[] = [
  /^database$/,
  /^daemon\.yaml$/,
  /^(server|cluster)\.(crt|key|ca)$/,
  /^\.(server|cluster)\.pair$/,
  /^\.server\.next$/,
  /^cluster\.previous$/,
  /^ca\.crl$/,
  /^initialising\.json$/,
  /^patch\.global\.sql(\.applying)?$/,
  /^recovery_db(\.tar\.gz|\.made-here|\.applied\.tar\.gz)?$/,
  /^recovering\.json$/,
];

/** What belongs to a member inside the directories that it shares with hand-made files. */
const OWNED_IN_DIRECTORIES: Readonly<Record<string, readonly RegExp[]>> = {
  truststore: [/\.yaml$/, /^\.replace\.json$/],
  certificates: [/\.(crt|key|ca)$/, /^\..+\.pair$/, /^\.deliveries\.json$/],
};

/**
 * Removes a member's state. After a crash at any moment, {@link finishWipe} completes it; state written after
 * this function has resolved is safe.
 *
 * @param keepAs name of a directory in `root` where the state is kept instead of being deleted: `removed.`, and
 *   then letters, digits, `-` and `_`
 */
export async function wipeState(root: string, keepAs = ''): Promise<void> {
  await writeFileAtomic(path.join(root, DECISION), keepAs, 0o600);
  await moveAway(root, keepAs);
  await emptyTrash(root);
}

/** Completes a wipe that a crash interrupted; without one, does nothing. */
export async function finishWipe(root: string): Promise<void> {
  const keepAs = await readDecision(path.join(root, DECISION));
  if (keepAs !== undefined) await moveAway(root, keepAs);
  await emptyTrash(root);
}

/**
 * Where the state goes, `undefined` when it is to stay.
 *
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` when the file names no place in the state directory
 */
async function readDecision(file: string): Promise<string | undefined> {
  const keepAs = await readIfPresent(file);
  if (keepAs === undefined || keepAs === '' || KEPT.test(keepAs)) return keepAs;
  const reason =
    'it says that the state is to be put aside, but not where to; move the state away by hand, and delete this file';
  throw new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason });
}

/**
 * Lends `work` a private directory in `root` and deletes it afterwards; where a crash prevents that, the next
 * opening of the state directory does.
 *
 * @param name of its own among all that are lent at once
 */
export async function withTrash<T>(
  root: string,
  name: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = path.join(root, `${TRASH_PREFIX}${name}`);
  await mkdir(directory, { mode: 0o700 });
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** From here to the removal of the decision every step can be repeated. */
async function moveAway(root: string, keepAs: string): Promise<void> {
  const trash = path.join(root, keepAs === '' ? `${TRASH_PREFIX}${randomUUID()}` : keepAs);
  await mkdir(trash, { mode: 0o700, recursive: true });
  for (const name of await ownedIn(root, OWNED_ENTRIES)) {
    await rename(path.join(root, name), path.join(trash, name));
  }
  for (const [directory, patterns] of Object.entries(OWNED_IN_DIRECTORIES)) {
    const from = path.join(root, directory);
    for (const name of await ownedIn(from, patterns)) {
      await rename(path.join(from, name), path.join(trash, `${directory}-${name}`));
    }
    if (await isPresent(from)) await syncDirectory(from);
  }
  await syncDirectory(root);
  await removeFileDurably(path.join(root, DECISION));
}

/** What cannot be deleted now is tried again at the next opening. */
async function emptyTrash(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(TRASH_PREFIX)) continue;
    await rm(path.join(root, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

async function ownedIn(directory: string, patterns: readonly RegExp[]): Promise<string[]> {
  if (!(await isPresent(directory))) return [];
  const names = await readdir(directory);
  return names.filter(
    (name) => name !== DECISION && patterns.some((pattern) => pattern.test(name)),
  );
}
