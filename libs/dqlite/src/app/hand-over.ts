/** Gives this node's role and leadership to others before it stops (`spec/dqlite.md` C.6). */
import { isDqliteError } from '../errors/index.js';
import { declareWeight } from './local-node.js';
import type { LeaderSession } from './leader-session.js';
import { askLeader, takeStep, type MemberContext } from './member-context.js';
import { persist } from './persist.js';
import { untilQuorumLost } from './quorum-watch.js';
import { decideSuccession, decideTransfer, LEAVING_WEIGHT, mayRetire } from './roles/index.js';

/** Bound of telling this node's own engine its weight, milliseconds. */
const WEIGHT_LIMIT_MS = 1_000;

/**
 * Promotes a successor, transfers leadership, and retires, as far as there is somebody to take over.
 * A node that nobody can replace keeps its role. Others that hand over at the same time choose somebody else, since
 * this node says that it leaves; without a majority of the voters the hand-over ends, for it would wait in vain.
 *
 * @param beforeTransfer - called while this node leads and is about to stop leading: the place to drain
 *   clients, since a transfer with rows on their way kills old nodes
 * @param signal - its abort ends the hand-over wherever it is, which is always a working state
 * @throws DqliteError `NO_LEADER` when none can be elected any more
 */
export async function handOver(
  context: MemberContext,
  beforeTransfer: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await sayWeight(context, LEAVING_WEIGHT, signal);
  const watching = new AbortController();
  const hopeless = new AbortController();
  const watched = untilQuorumLost(context, AbortSignal.any([signal, watching.signal])).then(
    (reason) => hopeless.abort(reason),
    // The hand-over came to its end first.
    () => undefined,
  );
  try {
    await passOn(context, beforeTransfer, AbortSignal.any([signal, hopeless.signal]));
  } catch (error) {
    await sayWeight(context, context.options.weight);
    hopeless.signal.throwIfAborted();
    throw error;
  } finally {
    watching.abort();
    await watched;
  }
}

async function passOn(
  context: MemberContext,
  beforeTransfer: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const isReplaced = await persist(signal, () =>
    askLeader(context, signal, (session) => promoteSuccessor(context, session)),
  );
  await persist(signal, () =>
    askLeader(context, signal, async (session) => {
      if (session.address !== context.address) return;
      await beforeTransfer();
      await transferLeadership(context, session);
    }),
  );
  if (!isReplaced) return;
  await persist(signal, () => askLeader(context, signal, (session) => retire(context, session)));
}

async function promoteSuccessor(context: MemberContext, session: LeaderSession): Promise<boolean> {
  try {
    for (;;) {
      const { members, leader } = await session.states();
      const step = decideSuccession(members, context.id, leader.id);
      if (step === undefined) return false;
      await takeStep(context, session, step);
      await noteMembers(context, session);
      if (step.role !== 'spare') return true;
    }
  } catch (error) {
    // Nobody could take over: the role stays, leadership can still go.
    if (isDqliteError(error, 'MEMBERSHIP')) return false;
    throw error;
  }
}

/** Tries the online voters in turn; with none, leadership stays until this node stops. */
async function transferLeadership(context: MemberContext, session: LeaderSession): Promise<void> {
  const { members } = await session.states();
  for (const heir of decideTransfer(members, context.id)) {
    try {
      await session.transfer(heir.id);
      context.emit({ type: 'leadership-transferred', address: heir.address });
      return;
    } catch (error) {
      if (!isDqliteError(error, 'MEMBERSHIP')) throw error;
    }
  }
}

/** Who votes decides whether there is a majority while this node looks for the next leader. An old list will do. */
async function noteMembers({ store }: MemberContext, session: LeaderSession): Promise<void> {
  try {
    const view = await session.view();
    if (view !== undefined) await store.update(view.members);
  } catch {
    // The promotion is done, and must not be repeated for the sake of this.
  }
}

/** A courtesy to the others: an engine that cannot be asked has nothing to hand over. */
async function sayWeight(
  { address, options: { host } }: MemberContext,
  weight: bigint,
  signal?: AbortSignal,
): Promise<void> {
  const wait = { signal, deadlineMs: WEIGHT_LIMIT_MS };
  await declareWeight(host, address, weight, wait).catch(() => undefined);
}

async function retire(context: MemberContext, session: LeaderSession): Promise<void> {
  const { members, leader } = await session.states();
  const self = members.find(({ id }) => id === context.id);
  if (self === undefined || !mayRetire(members, self.id, leader.id)) return;
  await takeStep(context, session, { role: 'spare', candidates: [self], reason: 'it stops' });
}
