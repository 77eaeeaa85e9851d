/** Finds out that no leader can be elected any more, for those who would wait for one in vain. */
import { setTimeout as pause } from 'node:timers/promises';
import { DqliteError } from '../errors/index.js';
import type { MemberContext } from './member-context.js';
import { quorumOf } from './roles/index.js';

/** So many looks in a row must agree, with this pause before each in milliseconds: a node may just be restarting. */
const LOOKS = 2;
const PAUSE_MS = 500;

/**
 * Resolves with an error that says so once fewer voters than a majority answer.
 *
 * @param signal - ends the watch; it rejects then
 */
export async function untilQuorumLost(
  { store, prober }: Pick<MemberContext, 'store' | 'prober'>,
  signal: AbortSignal,
): Promise<DqliteError> {
  for (let agreed = 0; ;) {
    await pause(PAUSE_MS, undefined, { signal });
    const voters = store.members.filter(({ role }) => role === 'voter');
    const online = (await prober.probe(voters, signal)).filter((voter) => voter.online).length;
    agreed = online < quorumOf(voters.length) ? agreed + 1 : 0;
    if (agreed < LOOKS) continue;
    const servers = voters.map(({ address }) => address).join(', ') || 'no servers';
    const reason = `${online} of ${voters.length} voters answer, which is no majority`;
    return new DqliteError('NO_LEADER', { servers, reason });
  }
}
