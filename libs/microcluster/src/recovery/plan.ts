/** What a recovery has decided to do, on disk before it is done, so that a crash at any point leaves it to be completed. */
import path from 'node:path';
import { z } from 'zod';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { readIfPresent } from '../state/file-presence.js';
import { removeFileDurably, writeFileAtomic } from '../state/write-file-atomic.js';
import { checkedRole, checkEdit } from './check-edit.js';
import type { RecoveredMember } from './member-records.js';

/** Name of the plan in the state directory. */
export const PLAN_FILE = 'recovering.json';

/**
 * - `rewrite`: this member's data becomes the cluster's, with new addresses and roles;
 * - `load`: this member takes over the data that another one has rewritten, which waits in `recovery_db/`.
 */
export interface RecoveryPlan {
  readonly kind: 'rewrite' | 'load';
  /** Identifier of this member. */
  readonly self: bigint;
  /** All members as they will be, this one included. */
  readonly members: readonly RecoveredMember[];
}

const planSchema = z.object({
  kind: z.enum(['rewrite', 'load']),
  self: z.string().transform(BigInt),
  members: z.array(
    z.object({
      id: z.string().transform(BigInt),
      address: z.string(),
      role: z.string().transform(checkedRole),
      name: z.string(),
    }),
  ),
});

/** Writes the plan; from now on it will be carried out. */
export async function writePlan(stateDir: string, plan: RecoveryPlan): Promise<void> {
  const { kind, self } = plan;
  const members = plan.members.map((member) => ({ ...member, id: String(member.id) }));
  const text = `${JSON.stringify({ kind, self: String(self), members }, null, 2)}\n`;
  await writeFileAtomic(path.join(stateDir, PLAN_FILE), text, 0o600);
}

/**
 * The plan that is being carried out, if there is one.
 *
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` when it is damaged
 */
export async function readPlan(stateDir: string): Promise<RecoveryPlan | undefined> {
  const file = path.join(stateDir, PLAN_FILE);
  const text = await readIfPresent(file);
  if (text === undefined) return undefined;
  try {
    const { kind, self, members } = planSchema.parse(JSON.parse(text));
    if (!members.some(({ id }) => id === self)) throw new Error('it is not about this member');
    return { kind, self, members: checkEdit(members, members) };
  } catch (cause) {
    const reason =
      'it says that a recovery was interrupted, but not which; restore the directory "database" from its db_backup archive, delete this file and repeat the recovery';
    throw new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason }, { cause });
  }
}

/** The plan was carried out. */
export async function removePlan(stateDir: string): Promise<void> {
  await removeFileDurably(path.join(stateDir, PLAN_FILE));
}
