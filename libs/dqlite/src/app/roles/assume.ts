/** Which role a node takes by itself when it starts (`spec/dqlite.md` C.5, Assume). */
import { orderForPromotion } from './candidates.js';
import {
  isLeaving,
  onlineHolders,
  type MemberState,
  type RoleStep,
  type RoleTargets,
} from './cluster-state.js';
import { mayAddVoter } from './guards.js';

/** A cluster below this size keeps a single voter: two voters survive no failure, and need both for a majority. */
export const SMALLEST_REPLICATED_CLUSTER = 3;

/**
 * The changes that the starting node `selfId` asks the leader for, in order; empty when it keeps its role.
 *
 * Beside a single voter, another member becomes the second one and the node itself the third: of two voters neither
 * may be lost, and a node that has just joined may yet go again. Where nobody else is online and stays it waits for the
 * leader's adjustment.
 */
export function decideAssume(
  members: readonly MemberState[],
  selfId: bigint,
  targets: RoleTargets,
): readonly RoleStep[] {
  const self = members.find(({ id }) => id === selfId);
  if (members.length < SMALLEST_REPLICATED_CLUSTER || self === undefined) return [];
  if (self.role !== 'spare' || isLeaving(self)) return [];
  const voters = onlineHolders(members, 'voter');
  const standBys = onlineHolders(members, 'stand-by');
  if (voters.length >= targets.voters) {
    if (standBys.length >= targets.standBys) return [];
    return [{ role: 'stand-by', candidates: [self], reason: 'too few stand-bys are online' }];
  }
  // The leader's adjustment takes the vote from one that is lost first.
  if (!mayAddVoter(members)) return [];
  const reason = 'too few voters are online';
  const own: RoleStep = { role: 'voter', candidates: [self], reason };
  if (voters.length !== 1) return [own];
  const others = members.filter(
    (member) =>
      member.online && member.role !== 'voter' && member.id !== selfId && !isLeaving(member),
  );
  if (others.length === 0) return [];
  const candidates = orderForPromotion(others, [...voters, self]);
  return [{ role: 'voter', candidates, reason }, own];
}
