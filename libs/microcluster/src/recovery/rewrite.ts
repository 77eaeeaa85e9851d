/** The steps on the member whose data the cluster goes on with (`spec/core-api.md` 23.3, 4 to 7). */
import { rm, rename } from 'node:fs/promises';
import path from 'node:path';
import { DqliteProcess, NodeDirectory, rewriteMembership } from '@microcluster/dqlite';
import { isSystemError } from '../errors/system-error.js';
import { removeFileDurably, syncDirectory, writeFileAtomic } from '../state/write-file-atomic.js';
import { packDatabase } from './archives.js';
import { digestOf, MADE_HERE, TARBALL } from './tarball.js';
import { formatMembers, nodeOf } from './member-records.js';
import { patchMemberTable, writeOwnAddress, writeTrustedAddresses } from './own-records.js';
import { removePlan, type RecoveryPlan } from './plan.js';
import type { RecoveryStep } from './steps.js';

/** Travels with the data: the list of members, which also says that the Raft configuration was rewritten. */
const LIST_FILE = 'recovery.yaml';

/** The steps of a `rewrite`. The plan must be on the disk. */
export function rewriteSteps(
  stateDir: string,
  { self, members }: RecoveryPlan,
): readonly RecoveryStep[] {
  const database = path.join(stateDir, 'database');
  const list = path.join(database, LIST_FILE);
  const tarball = path.join(stateDir, TARBALL);
  const nodes = members.map(nodeOf);
  return [
    {
      name: 'rewrite the Raft configuration',
      run: () =>
        rewriteMembership({ directory: database, host: new DqliteProcess(), members: nodes }),
    },
    {
      name: 'write the list of members',
      run: () => writeFileAtomic(list, formatMembers(members), 0o600),
    },
    {
      name: 'pack the data for the other members',
      async run() {
        const packed = `${tarball}.new`;
        await packDatabase(database, packed);
        // Known as our own before it is there: this member must never take it for another one's.
        await writeFileAtomic(path.join(stateDir, MADE_HERE), await digestOf(packed), 0o600);
        await rename(packed, tarball);
        await syncDirectory(stateDir);
        await removeFileDurably(list);
      },
    },
    {
      name: 'change the addresses in daemon.yaml',
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
      name: 'have the member table changed at the next start',
      run: () => patchMemberTable(stateDir, members),
    },
    { name: 'end the plan', run: () => removePlan(stateDir) },
  ];
}

/** The identifier of the member whose database directory it is; undefined where there is none. */
export async function readOwnId(stateDir: string): Promise<bigint | undefined> {
  return (await new NodeDirectory(path.join(stateDir, 'database')).readInfo())?.id;
}

/** Removes what an earlier recovery may have left. */
export async function removeLeftovers(stateDir: string): Promise<void> {
  for (const name of [`${TARBALL}.new`, path.join('database', LIST_FILE)]) {
    await rm(path.join(stateDir, name), { force: true }).catch((error: unknown) => {
      if (!isSystemError(error, 'ENOENT')) throw error;
    });
  }
}
