/** Finding the member that leads after another one, and asking it what the former could not do. */
import { setTimeout as pause } from 'node:timers/promises';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { isClientError } from '../../client/index.js';
import { MicroclusterError } from '../../errors/index.js';
import { canonicalAddress } from '../../types/index.js';

/** Pause between two looks at who leads, milliseconds. */
const LEADER_POLL = 100;
/** Many times what a transfer or an election takes, milliseconds. */
const SUCCESSION_LIMIT = 10_000;

/** Address of the member that leads right now; `undefined` when none does. */
export type FindLeader = (signal: AbortSignal) => Promise<string | undefined>;

/** Whether both are the address of one member. */
export function isSameMember(one: string, other: string): boolean {
  return canonicalAddress(one) === canonicalAddress(other);
}

/**
 * Waits until another member than `former` leads: it may take a moment to show.
 *
 * @param limitMs how long, milliseconds
 * @returns its address
 * @throws MicroclusterError `UNAVAILABLE` when none shows; rejects with the reason of `signal` when that aborts
 */
export async function successorOf(
  former: string,
  findLeader: FindLeader,
  signal: AbortSignal,
  limitMs = SUCCESSION_LIMIT,
): Promise<string> {
  const limit = timeLimit(limitMs);
  const either = AbortSignal.any([signal, limit]);
  try {
    for (;;) {
      const leader = await findLeader(either);
      if (leader !== undefined && !isSameMember(leader, former)) return leader;
      await pause(LEADER_POLL, undefined, { signal: either });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    const reason = `${former} leads no more, and no other leader shows; try again in a few seconds`;
    throw new MicroclusterError('UNAVAILABLE', { reason }, { cause: error });
  }
}

/**
 * Asks the leader and, when that answers that it is unavailable, once the member that leads in its place by then. So
 * answers a leader that is to be removed and whose row an interrupted removal has deleted: it gives its leadership up,
 * but is trusted no more by its successor.
 *
 * @returns what it answered
 * @throws whatever `ask` rejects with
 */
export async function askWhoLeads<T>(
  leader: string,
  ask: (address: string) => Promise<T>,
  findLeader: () => Promise<string | undefined>,
): Promise<T> {
  try {
    return await ask(leader);
  } catch (error) {
    if (!isClientError(error, 'REPLIED') || error.status !== 503) throw error;
    const now = await findLeader().catch(() => undefined);
    if (now === undefined || isSameMember(now, leader)) throw error;
    return ask(now);
  }
}
