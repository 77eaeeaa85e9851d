/** A backup of a member whose daemon is stopped: its data is read from a copy, by a node without a network. */
import { randomUUID } from 'node:crypto';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import {
  DqliteProcess,
  NodeDirectory,
  rewriteMembership,
  SqliteEngine,
  type SqlEngine,
} from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { completeInterrupted } from '../recovery/at-start.js';
import { requireData, withoutData } from '../recovery/require-data.js';
import { holdStoppedState } from '../recovery/running-daemon.js';
import { recordedEngine } from '../replication/recorded-engine.js';
import { openSolitaryNode } from '../replication/solitary-node.js';
import { EMBEDDED_FILE } from '../replication/sqlite-runtime.js';
import { readDaemonConfigFile } from '../state/daemon-config.js';
import { withTrash } from '../state/wipe.js';
import { writeBackupFile } from './backup-files.js';
import type { BackupHeader } from './backup-format.js';
import { takeBackup } from './take-backup.js';

/** Files of the daemon that would make the copy somebody else's, or refuse to start. */
const NOT_COPIED = new Set(['node.lock', 'join', 'removed', 'recovering']);

/**
 * Backs the database of a stopped member up. Entries at the end of its log that no majority had acknowledged
 * yet count as if one had.
 *
 * @param application the version to write into the file
 * @param signal ends it; the copy of one large file and a recovery that has to be completed are carried through
 * @returns what the file says of itself
 * @throws MicroclusterError when the daemon runs, or the directory holds no member
 */
export async function takeOfflineBackup(
  stateDir: string,
  file: string,
  application: string,
  signal: AbortSignal,
): Promise<BackupHeader> {
  const config = await readDaemonConfigFile(path.join(stateDir, 'daemon.yaml'));
  if (config === undefined) {
    const reason = `No member's database in "${stateDir}": check the path, or run microctl init first`;
    throw new MicroclusterError('BAD_REQUEST', { reason });
  }
  const held = await holdStoppedState(stateDir);
  try {
    await completeInterrupted(stateDir);
    await refuseSpare(path.join(stateDir, 'database'));
    return await withTrash(stateDir, randomUUID(), async (trash) => {
      const copy = path.join(trash, 'database');
      await cp(path.join(stateDir, 'database'), copy, {
        recursive: true,
        filter: (from) => {
          signal.throwIfAborted();
          return !NOT_COPIED.has(path.basename(from));
        },
      });
      const opened = await openCopy(copy, signal);
      try {
        const source = { sql: opened.sql, application, member: config.name };
        return await writeBackupFile(file, await takeBackup(source, signal), signal);
      } finally {
        await opened.close();
      }
    });
  } finally {
    held.release();
  }
}

interface OpenCopy {
  readonly sql: SqlEngine;
  close(): Promise<void>;
}

/** A spare has no data, or old data from when it had another role. */
async function refuseSpare(database: string): Promise<void> {
  if ((await recordedEngine(database)) === 'sqlite') return;
  const files = new NodeDirectory(database);
  const [own, members] = [await files.readInfo(), await files.readServers()];
  if (members?.find(({ id }) => id === own?.id)?.role === 'spare') throw withoutData(database);
  await requireData(database);
}

async function openCopy(directory: string, signal: AbortSignal): Promise<OpenCopy> {
  if ((await recordedEngine(directory)) === 'sqlite') {
    const sql = new SqliteEngine({ file: path.join(directory, EMBEDDED_FILE) });
    await sql.open();
    return { sql, close: () => sql.close() };
  }
  const own = await new NodeDirectory(directory).readInfo();
  if (own === undefined) {
    const file = path.join(directory, 'info.yaml');
    const reason = 'it is missing; it says which member this is';
    throw new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason });
  }
  await rewriteMembership({
    directory,
    host: new DqliteProcess(),
    members: [{ ...own, role: 'voter' }],
  });
  return openSolitaryNode(directory, own.address, signal);
}
