/** The way of a member out of the cluster, as a sequence of safe single steps (`spec/dqlite.md` C.7). */
import { SMALLEST_REPLICATED_CLUSTER as VOTERS } from './assume.js';
import { orderForPromotion } from './candidates.js';
import { holders, onlineHolders, type MemberState } from './cluster-state.js';
import { decideTransfer } from './hand-over.js';
import { mayStopVoting } from './guards.js';

/** What to do next about the removal of a member. */
export type RemovalStep =
  /** It is no member (any more): the removal is complete. */
  | { readonly kind: 'done' }
  /**
   * Make the first possible candidate a voter, since the cluster is to have one more before it goes on. Where
   * nobody can be promoted, demote `otherwise` all the same, if it is given.
   */
  | {
      readonly kind: 'promote';
      readonly candidates: readonly MemberState[];
      readonly otherwise: MemberState | undefined;
    }
  /** Transfer leadership from the target to the first possible candidate. */
  | { readonly kind: 'transfer'; readonly candidates: readonly MemberState[] }
  /** Take the vote from a member: the target, or an offline voter that blocks its removal. */
  | { readonly kind: 'demote'; readonly member: MemberState }
  /** Take the target, which has no vote, out of the Raft configuration. */
  | { readonly kind: 'remove'; readonly member: MemberState }
  /** Impossible in this state of the cluster. */
  | { readonly kind: 'refuse'; readonly reason: string };

/**
 * The next step in removing `targetId`. Asked again after each step with the members and the leader as
 * they are then, so that an interrupted removal goes on where it was, from any member.
 */
export function decideRemoval(
  members: readonly MemberState[],
  targetId: bigint,
  leaderId: bigint,
): RemovalStep {
  const target = members.find(({ id }) => id === targetId);
  if (target === undefined) return { kind: 'done' };
  if (members.length < 2) return { kind: 'refuse', reason: 'it is the only member' };
  const others = members.filter(({ id }) => id !== targetId);
  if (targetId === leaderId) {
    const heirs = decideTransfer(members, targetId);
    if (heirs.length > 0) return { kind: 'transfer', candidates: heirs };
    return promoteOneOf(others) ?? { kind: 'refuse', reason: 'no other member is online to lead' };
  }
  if (target.role !== 'voter') return { kind: 'remove', member: target };
  if (mayStopVoting(members, target)) {
    // Its successor votes before it goes: until the next round of role checks, two voters could lose none.
    const isMissed = others.length >= VOTERS && onlineHolders(others, 'voter').length < VOTERS;
    const successor = isMissed ? promoteOneOf(others, target) : undefined;
    return successor ?? { kind: 'demote', member: target };
  }
  return (
    promoteOneOf(others) ??
    demoteLost(members, others) ?? {
      kind: 'refuse',
      reason: 'its vote is needed for a majority',
    }
  );
}

function promoteOneOf(
  others: readonly MemberState[],
  otherwise?: MemberState,
): RemovalStep | undefined {
  const voters = onlineHolders(others, 'voter');
  // A stand-by has the log already.
  const candidates = [
    ...orderForPromotion(onlineHolders(others, 'stand-by'), voters),
    ...orderForPromotion(onlineHolders(others, 'spare'), voters),
  ];
  return candidates.length === 0 ? undefined : { kind: 'promote', candidates, otherwise };
}

function demoteLost(
  members: readonly MemberState[],
  others: readonly MemberState[],
): RemovalStep | undefined {
  const lost = holders(others, 'voter').find(
    (voter) => !voter.online && mayStopVoting(members, voter),
  );
  return lost === undefined ? undefined : { kind: 'demote', member: lost };
}
