/** Makes sure that a database directory holds the cluster's data: a spare has a directory, but no copy of the log. */
import { describeLastEntry } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/microcluster-error.js';

/** @throws MicroclusterError `CONFLICT` when Raft has no entry there */
export async function requireData(database: string): Promise<void> {
  if ((await describeLastEntry(database)) !== undefined) return;
  throw withoutData(database);
}

/** The refusal to use the directory of a member that was a spare. */
export function withoutData(database: string): MicroclusterError {
  const reason = `${database} holds no copy of the cluster's data, since this member is a spare; use a member that is a voter or a stand-by, as microctl cluster list --local shows`;
  return new MicroclusterError('CONFLICT', { reason });
}
