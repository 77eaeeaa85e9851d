/** Who takes over from a node that is about to stop (`spec/dqlite.md` C.6). */
import { orderForPromotion, stepOf, votersToBe } from './candidates.js';
import { promotable, type MemberState, type RoleStep } from './cluster-state.js';
import { mayAddVoter, mayStopVoting } from './guards.js';
import { demoteLostVoter } from './lost-voters.js';

/**
 * The promotion that gives the role of `selfId` to another node, or `undefined` when the node has no
 * role to give or nobody can take it. A voter is replaced by a stand-by before a spare. Nodes that are about to stop
 * themselves are nobody. Where the voters would be no majority beside the successor, the demotion of one that is lost
 * comes first.
 */
export function decideSuccession(
  members: readonly MemberState[],
  selfId: bigint,
  leaderId: bigint,
): RoleStep | undefined {
  const self = members.find(({ id }) => id === selfId);
  if (self === undefined || self.role === 'spare') return undefined;
  const others = members.filter(({ id }) => id !== selfId);
  const staying = promotable(others, self.role);
  const candidates =
    self.role === 'voter'
      ? votersToBe(others, staying)
      : orderForPromotion(promotable(others, 'spare'), staying);
  if (self.role === 'voter' && candidates.length > 0 && !mayAddVoter(members)) {
    return demoteLostVoter(members, leaderId);
  }
  return stepOf(self.role, candidates, `takes over from a ${self.role} that stops`);
}

/**
 * The nodes that leadership may be transferred to, best first: online voters other than `selfId` that are not about to
 * stop, lower weight first.
 */
export function decideTransfer(
  members: readonly MemberState[],
  selfId: bigint,
): readonly MemberState[] {
  const heirs = promotable(members, 'voter').filter(({ id }) => id !== selfId);
  return orderForPromotion(heirs, []);
}

/**
 * Whether `selfId` may become a spare after its role was taken over: not as the leader, and not while
 * its vote is needed for a majority.
 */
export function mayRetire(
  members: readonly MemberState[],
  selfId: bigint,
  leaderId: bigint,
): boolean {
  const self = members.find(({ id }) => id === selfId);
  if (self === undefined || self.role === 'spare' || selfId === leaderId) return false;
  return mayStopVoting(members, self);
}
