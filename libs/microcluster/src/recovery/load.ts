/** The steps on a member that takes over the data of the recovered one at its start (`spec/core-api.md` 23.3). */
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { DirectoryLock, NodeDirectory } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { isPresent } from '../state/file-presence.js';
import { removeFileDurably, syncDirectory } from '../state/write-file-atomic.js';
import { backUpDatabase, unpackDatabase } from './archives.js';
import { checkEdit } from './check-edit.js';
import { parseMembers, type RecoveredMember } from './member-records.js';
import { writeOwnAddress, writeTrustedAddresses } from './own-records.js';
import { removePlan, writePlan, type RecoveryPlan } from './plan.js';
import { readOwnId } from './rewrite.js';
import type { RecoveryStep } from './steps.js';
import { TARBALL } from './tarball.js';

/** Where the archive is unpacked. */
const STAGING = 'recovery_db';

/**
 * Checks and unpacks the archive, keeps a backup of the present database, and writes the plan; until then
 * nothing of the member has changed.
 *
 * @throws MicroclusterError when the archive is damaged, or of a cluster that this member is not part of
 */
export async function prepareLoad(stateDir: string, now: Date): Promise<RecoveryPlan> {
  const plan = await unpackForLoad(stateDir, now);
  // From here on the unpacked data belong to the plan, which may be on the disk although writing it failed.
  await writePlan(stateDir, plan);
  return plan;
}

async function unpackForLoad(stateDir: string, now: Date): Promise<RecoveryPlan> {
  const staging = path.join(stateDir, STAGING);
  await unpackDatabase(path.join(stateDir, TARBALL), staging);
  try {
    const members = await readList(path.join(staging, 'recovery.yaml'));
    const self = await readOwnId(stateDir);
    const own = members.find(({ id }) => id === self);
    if (own === undefined) {
      const reason = `Missing local cluster member in incoming recovery.yaml; remove ${path.join(stateDir, TARBALL)}, or copy the one of this member's cluster there`;
      throw new MicroclusterError('BAD_REQUEST', { reason });
    }
    await new NodeDirectory(staging).writeInfo(own);
    await removeFileDurably(path.join(staging, 'recovery.yaml'));
    await backUpDatabase(stateDir, now);
    return { kind: 'load', self: own.id, members };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** The steps of a `load`. The plan and the unpacked data must be on the disk. */
export function loadSteps(
  stateDir: string,
  { self, members }: RecoveryPlan,
): readonly RecoveryStep[] {
  const database = path.join(stateDir, 'database');
  const staging = path.join(stateDir, STAGING);
  return [
    { name: 'exchange the database', run: () => exchange(stateDir, staging, database) },
    {
      name: 'change the address in daemon.yaml',
      async run() {
        const own = members.find(({ id }) => id === self);
        if (own !== undefined) await writeOwnAddress(stateDir, own);
      },
    },
    {
      name: 'change the addresses in the trust store',
      run: () => writeTrustedAddresses(stateDir, members),
    },
    {
      name: 'remove the archive',
      run: () => removeFileDurably(path.join(stateDir, TARBALL)),
    },
    { name: 'end the plan', run: () => removePlan(stateDir) },
  ];
}

/** Deletes the old directory and puts the unpacked one in its place; nothing is left to do where that happened. */
async function exchange(stateDir: string, staging: string, database: string): Promise<void> {
  if (!(await isPresent(staging))) return;
  if (await isPresent(database)) {
    // A database process that is still on its way out must not write into the new files.
    const lock = DirectoryLock.acquire(database);
    try {
      await rm(database, { recursive: true, force: true });
    } finally {
      lock.release();
    }
  }
  await rename(staging, database);
  await syncDirectory(stateDir);
}

async function readList(file: string): Promise<RecoveredMember[]> {
  try {
    const members = parseMembers(await readFile(file, 'utf8'), 'recovery.yaml');
    return checkEdit(members, members);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason }, { cause });
  }
}
