/** Which of two key pairs is this member's: the one whose certificate the member table has. */
import type { LoggerService } from '@nestjs/common';
import type { Failpoints } from '../../failpoints/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { StateDirectory } from '../../state/index.js';
import { fingerprintOf, isSameCertificate } from '../inspect.js';
import { writeKeyPair } from '../key-pair-files.js';
import { readPendingIdentity, removePendingIdentity } from './pending-identity.js';

export interface SettleIdentityParts {
  readonly state: Pick<StateDirectory, 'path'>;
  readonly identity: MemberIdentity;
  readonly failpoints: Failpoints;
  readonly logger: LoggerService;
}

/**
 * Before this member calls others: takes the new pair of an interrupted replacement for its own where nobody
 * accepts the present one any more. What the table says, once it can be read, decides for good.
 *
 * @param isAccepted whether any other member accepts this one as `identity` has it now
 */
export async function guessIdentity(
  { state, identity }: SettleIdentityParts,
  isAccepted: () => Promise<boolean>,
): Promise<void> {
  const pending = await readPendingIdentity(state.path);
  if (pending === undefined || (await isAccepted())) return;
  const present = identity.server;
  identity.server = pending;
  if (!(await isAccepted())) identity.server = present;
}

/**
 * Ends an interrupted or running replacement by what the table has.
 *
 * @param inTable this member's certificate in the table, PEM
 * @returns whether this member's certificate is another one now than its files had before
 */
export async function settleIdentity(
  { state, identity, failpoints, logger }: SettleIdentityParts,
  inTable: string | undefined,
): Promise<boolean> {
  const pending = await readPendingIdentity(state.path);
  if (pending === undefined) return false;
  const isReplaced = inTable !== undefined && isSameCertificate(inTable, pending.certificate);
  if (isReplaced) {
    await writeKeyPair(state.path, 'server', pending);
    await failpoints.reach('identity:pair-stored');
    identity.server = pending;
    logger.log({
      event: 'certificate-replaced',
      certificate: 'server',
      fingerprint: fingerprintOf(pending.certificate),
    });
  }
  await removePendingIdentity(state.path);
  await failpoints.reach('identity:pair-forgotten');
  return isReplaced;
}
