/** Finds out at process start whether this directory belongs to a member, and undoes an initialisation that a crash cut short. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { LoggerService } from '@nestjs/common';
import { loadKeyPair } from '../certificates/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import { holdsMember, requireKeyPair } from './holds-member.js';
import {
  endInitialisation,
  interruptedInitialisation,
  type InitialisationPlan,
} from './initialisation-plan.js';
import { forgetMember, type ForgetParts } from './initialise.js';
import { withdraw } from './withdraw.js';
import type { StateDirectory } from '../state/index.js';

/** How long a start may wait for the cluster to forget an interrupted join, milliseconds. */
const WITHDRAWAL_LIMIT = 15_000;

/**
 * Whether this daemon is a member of a cluster (`spec/core-api.md` 1.3). A bootstrap or join that was never
 * acknowledged is undone first, so that it can simply be repeated.
 */
export async function isInitialised(
  parts: ForgetParts & { readonly args: ParsedDaemonArgs; readonly logger: LoggerService },
): Promise<boolean> {
  const { state, logger } = parts;
  const interrupted = await interruptedInitialisation(state.path);
  if (interrupted !== undefined) {
    const { operation, name } = interrupted;
    logger.warn({ event: 'interrupted-initialisation-undone', operation, name });
    if (interrupted.operation === 'join') await withdrawInterrupted(parts, interrupted);
    await forgetMember(parts);
    await endInitialisation(state.path);
    return false;
  }
  return holdsMember(state.databasePath);
}

/**
 * Makes sure that a member has the key pair by which the others know it, before a new one would be made.
 *
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` naming what is missing
 */
export async function requireOwnIdentity(
  state: Pick<StateDirectory, 'path' | 'databasePath'>,
): Promise<void> {
  // What an interrupted bootstrap or join has left is undone at the start, key pair included.
  if ((await interruptedInitialisation(state.path)) !== undefined) return;
  if (!(await holdsMember(state.databasePath))) return;
  // A replacement that a crash interrupted is completed by this.
  if ((await loadKeyPair(state.path, 'server')) === undefined) {
    await requireKeyPair(state.path, 'server');
  }
}

/** A joiner that the cluster may have admitted says that it is not coming; else the leader reaps it after a while. */
async function withdrawInterrupted(
  parts: Parameters<typeof isInitialised>[0],
  { name, asked }: InitialisationPlan,
): Promise<void> {
  const { identity, trust } = parts;
  const certificates = new Map<string, string>();
  for (const address of asked?.addresses ?? []) certificates.set(address, asked?.certificate ?? '');
  if (identity.hasCluster) {
    for (const { address } of trust.list()) certificates.set(address, identity.cluster.certificate);
  }
  certificates.delete(trust.byName(name)?.address ?? '');
  const addressees = [...certificates].map(([address, certificate]) => ({ address, certificate }));
  if (addressees.length === 0) return;
  await withdraw(parts, addressees, name, timeLimit(WITHDRAWAL_LIMIT));
}
