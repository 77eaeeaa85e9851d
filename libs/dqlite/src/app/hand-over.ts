/** Gives this node's role and leadership to others before it stops (`spec/dqlite.md` C.6). */
import { isDqliteError } from '../errors/index.js';
import type { LeaderSession } from './leader-session.js';
import { askLeader, takeStep, type MemberContext } from './member-context.js';
import { persist } from './persist.js';
import { decideSuccession, decideTransfer, mayRetire } from './roles/index.js';

/**
 * Promotes a successor, transfers leadership, and retires, as far as there is somebody to take over.
 * A node that nobody can replace keeps its role.
 *
 * @param beforeTransfer - called while this node leads and is about to stop leading: the place to drain
 *   clients, since a transfer with rows on their way kills old nodes
 * @param signal - its abort ends the hand-over wherever it is, which is always a working state
 */
export async function handOver(
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
  const { members } = await session.states();
  const step = decideSuccession(members, context.id);
  if (step === undefined) return false;
  try {
    await takeStep(context, session, step);
    return true;
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

async function retire(context: MemberContext, session: LeaderSession): Promise<void> {
  const { members, leader } = await session.states();
  const self = members.find(({ id }) => id === context.id);
  if (self === undefined || !mayRetire(members, self.id, leader.id)) return;
  await takeStep(context, session, { role: 'spare', candidates: [self], reason: 'it stops' });
}
