/** Makes sure that no member of the cluster is running: a new Raft configuration beside a living one splits the cluster. */
import { readMemberCredentials } from '../app/member-files.js';
import { isClientError } from '../client/client-error.js';
import { MicroclusterClient } from '../client/microcluster-client.js';
import { MicroclusterError } from '../errors/microcluster-error.js';
import type { DqliteMember } from './member-records.js';

/** How long all members together are asked, milliseconds (`spec/core-api.md` 23.3). */
export const CONTACT_LIMIT = 10_000;

/**
 * Asks every member who it is.
 *
 * @throws MicroclusterError `CONFLICT` when one answers, whatever it says
 */
export async function refuseRunningMembers(
  stateDir: string,
  members: readonly Pick<DqliteMember, 'name' | 'address'>[],
  signal?: AbortSignal,
  limitMs: number = CONTACT_LIMIT,
): Promise<void> {
  const credentials = await readMemberCredentials(stateDir);
  const answers = await Promise.all(
    members.map(async ({ name, address }) => {
      const client = new MicroclusterClient({ address, ...credentials, timeoutMs: limitMs });
      try {
        await client.serverInfo(signal === undefined ? {} : { signal });
        return name;
      } catch (error) {
        signal?.throwIfAborted();
        return isAnswer(error) ? name : undefined;
      } finally {
        await client.close();
      }
    }),
  );
  const name = answers.find((answer) => answer !== undefined);
  if (name === undefined) return;
  const reason = `Contacted cluster member at "${name}"; please shut down all cluster members`;
  throw new MicroclusterError('CONFLICT', { reason });
}

/** Somebody with the cluster's certificate took the question; what became of it does not matter. */
function isAnswer(error: unknown): boolean {
  if (!isClientError(error)) return false;
  return error.code === 'REPLIED' || error.code === 'BAD_REPLY' || error.code === 'DISCONNECTED';
}
