/** Takes trust from the member table where no heartbeat brings it: after a start, and when the leader is not believed. */
import type { MemberRow } from '../database/index.js';
import type { TrustedMember } from '../trust/index.js';
import { trustedOf } from './decide-round.js';

/**
 * Makes the trust store what the table says. A leader that has replaced its certificate while this member was
 * away is refused with all that it says; but this member still reads the table, by its own certificate.
 *
 * @param self name of this member; a table that lacks it is not believed
 * @param rows the whole table
 */
export async function trustFromTable(
  self: string,
  rows: readonly MemberRow[],
  trust: { replace(members: readonly TrustedMember[]): Promise<void> },
): Promise<void> {
  if (!rows.some((row) => row.name === self)) return;
  await trust.replace(rows.map(trustedOf));
}
