/** Recovery after the loss of a majority, on the one member whose data the cluster goes on with (`spec/core-api.md` 23.3). */
import path from 'node:path';
import { recordedEngine } from '../replication/recorded-engine.js';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { completeInterrupted, stepsOf } from './at-start.js';
import { backUpDatabase } from './archives.js';
import { checkEdit } from './check-edit.js';
import { refuseRunningMembers } from './contact-members.js';
import type { DqliteMember } from './member-records.js';
import { readOfflineMembers } from './offline-members.js';
import { writePlan, type RecoveryPlan } from './plan.js';
import { requireData } from './require-data.js';
import { readOwnId, removeLeftovers } from './rewrite.js';
import { holdStoppedState } from './running-daemon.js';
import { runSteps } from './steps.js';
import { TARBALL } from './tarball.js';

/** What a recovery leaves for the operator. */
export interface RecoveryOutcome {
  /** The archive that every other member needs, at the same place in its state directory, before any is started. */
  readonly tarball: string;
  /** The database directory as it was before. */
  readonly backup: string;
}

export interface RecoveryOptions {
  /** Gives up while nothing has been changed yet; the rewrite itself is carried through. */
  readonly signal?: AbortSignal;
  /** How long all members together are asked whether they are running, milliseconds. Default 10,000. */
  readonly contactLimitMs?: number;
}

/**
 * Gives the cluster a new list of members: the same ones, at other addresses or with other roles. The daemon
 * must be stopped here and on all of them. A recovery that an earlier call began is completed first.
 *
 * @param members the list of {@link readOfflineMembers}, edited
 * @throws MicroclusterError with the text of the specification; nothing has changed then. Once the rewrite
 *   has begun, whatever interrupts it, the next start or call completes it.
 */
export async function recoverFromQuorumLoss(
  stateDir: string,
  members: readonly DqliteMember[],
  options: RecoveryOptions = {},
): Promise<RecoveryOutcome> {
  // Reads only, so that a mistyped path is not made into a state directory by the lock.
  await readOfflineMembers(stateDir);
  const held = await holdStoppedState(stateDir);
  try {
    await refuseEmbedded(stateDir);
    await completeInterrupted(stateDir);
    const current = await readOfflineMembers(stateDir);
    const edited = checkEdit(current, members);
    await requireData(path.join(stateDir, 'database'));
    await refuseRunningMembers(
      stateDir,
      [...current, ...edited],
      options.signal,
      options.contactLimitMs,
    );
    options.signal?.throwIfAborted();
    await removeLeftovers(stateDir);
    const plan: RecoveryPlan = { kind: 'rewrite', self: await ownId(stateDir), members: edited };
    const backup = await backUpDatabase(stateDir, new Date());
    await writePlan(stateDir, plan);
    await runSteps(stepsOf(stateDir, plan));
    return { tarball: path.join(stateDir, TARBALL), backup };
  } finally {
    held.release();
  }
}

async function ownId(stateDir: string): Promise<bigint> {
  const id = await readOwnId(stateDir);
  if (id !== undefined) return id;
  throw new MicroclusterError('STATE_FILE_UNREADABLE', {
    file: path.join(stateDir, 'database', 'info.yaml'),
    reason: 'it is missing; restore it from a backup, it says which member this is',
  });
}

async function refuseEmbedded(stateDir: string): Promise<void> {
  if ((await recordedEngine(path.join(stateDir, 'database'))) !== 'sqlite') return;
  throw new MicroclusterError('ENGINE_HAS_NO_PEERS', {});
}
