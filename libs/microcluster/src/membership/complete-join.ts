/** The last step of a join, in the tables: from then on it cannot be undone by others. */
import { isSameCertificate } from '../certificates/index.js';
import { checkRelease, type Release } from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { Tables } from './cluster-records.js';

/**
 * Spends the joiner's token and gives it its first sign of life.
 *
 * @param tables bound to one transaction
 * @param certificate PEM of the joiner's server certificate
 * @param release what the joiner runs. Others did not wait for it so far, and may have been upgraded
 * @throws MicroclusterError when the leader has taken the joiner for dead and removed it, or when the joiner
 *   is behind meanwhile
 */
export async function completeJoin(
  { members, tokens }: Pick<Tables, 'members' | 'tokens'>,
  certificate: string,
  release: Release,
  now: Date,
): Promise<void> {
  const rows = await members.list();
  const check = checkRelease('schema', release, rows);
  if (check.kind === 'behind') throw new MicroclusterError('FAILED', { reason: check.message });
  // Not by its text: the leader has stored the first certificate of the file alone, as Node writes it.
  const row = rows.find((one) => isSameCertificate(one.certificate, certificate));
  if (row === undefined) {
    throw new MicroclusterError('FAILED', {
      reason: 'The cluster removed this member while it was joining; join again with a new token',
    });
  }
  await members.recordRound([{ id: row.id, role: row.role, heartbeat: now }]);
  await tokens.confirm(row.certificate);
}
