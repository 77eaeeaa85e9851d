/** The archives of a recovery: the backup that the operator keeps, and the data that the other members load. */
import { open, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import * as tar from 'tar';
import { isRaftFile } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { syncDirectory, writeStreamAtomic } from '../state/write-file-atomic.js';
import { decideEntry, TRAVELLING_FILES } from './archive-entries.js';

const PRIVATE_FILE = 0o600;

/** The name of a backup made at `time`, in local time: `db_backup.2026-01-31T235959Z.tar.gz`. */
export function backupName(time: Date): string {
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  const offset = -time.getTimezoneOffset();
  const zone =
    offset === 0
      ? 'Z'
      : `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
  return `db_backup.${date}T${clock}${zone}.tar.gz`;
}

/**
 * Keeps the whole database directory in an archive beside it.
 *
 * @returns its path
 */
export async function backUpDatabase(stateDir: string, now: Date): Promise<string> {
  const file = path.join(stateDir, backupName(now));
  const archive = tar.create({ gzip: true, cwd: stateDir, strict: true }, ['database']);
  await writeStreamAtomic(file, Readable.from(archive), PRIVATE_FILE);
  return file;
}

/** Packs what the other members need of the database directory: everything but who its owner is. */
export async function packDatabase(databasePath: string, file: string): Promise<void> {
  const names = (await readdir(databasePath))
    .filter((name) => TRAVELLING_FILES.includes(name) || isRaftFile(name))
    .filter((name) => !name.startsWith('tmp-'))
    .toSorted();
  const archive = tar.create({ gzip: true, cwd: databasePath, strict: true }, names);
  await writeStreamAtomic(file, Readable.from(archive), PRIVATE_FILE);
}

/**
 * Unpacks such an archive into `directory`, which is made anew, and returns when the files are on the disk.
 *
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` when it is damaged or holds what does not belong there;
 *   nothing is left of it then
 */
export async function unpackDatabase(file: string, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  try {
    await refuseForeignEntries(file);
    await mkdir(directory, { mode: 0o700 });
    await tar.extract({
      file,
      cwd: directory,
      strict: true,
      preserveOwner: false,
      noMtime: true,
      fmode: PRIVATE_FILE,
      filter: (entryPath, entry) => {
        const type = 'type' in entry ? entry.type : 'File';
        return decideEntry({ path: entryPath, type }).kind === 'keep';
      },
    });
    for (const name of await readdir(directory)) await syncFile(path.join(directory, name));
    await syncDirectory(directory);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    if (cause instanceof MicroclusterError) throw cause;
    throw unreadable(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Reads the whole archive before anything of it is written. */
async function refuseForeignEntries(file: string): Promise<void> {
  const refusals: string[] = [];
  const names = new Set<string>();
  await tar.list({
    file,
    strict: true,
    onReadEntry: (entry) => {
      const decision = decideEntry({ path: entry.path, type: entry.type });
      if (decision.kind === 'refuse') refusals.push(decision.reason);
      if (decision.kind !== 'keep') return;
      if (names.has(decision.name)) refusals.push(`it holds "${decision.name}" twice`);
      names.add(decision.name);
    },
  });
  const [reason] = refusals;
  if (reason !== undefined) throw unreadable(file, reason);
  for (const name of TRAVELLING_FILES) {
    if (!names.has(name)) throw unreadable(file, `it holds no ${name}`);
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.chmod(PRIVATE_FILE);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, why: string, cause?: unknown): MicroclusterError {
  const reason = `${why}; copy it again from the member that was recovered`;
  return new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason }, { cause });
}
