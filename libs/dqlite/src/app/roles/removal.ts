/** The way of a member out of the cluster, as a sequence of safe single steps (`spec/dqlite.md` C.7). */
import { SMALLEST_REPLICATED_CLUSTER as VOTERS } from './assume.js';
import { votersToBe } from './candidates.js';
import { onlineHolders, type MemberState } from './cluster-state.js';
import { decideTransfer } from './hand-over.js';
import { mayAddVoter, mayStopVoting } from './guards.js';
import { demoteLostVoter } from './lost-voters.js';

/** A step of a member away from the cluster. */
export type Departure =
  /** Take the vote from a member: the target, or an offline voter that blocks its removal. */
  | { readonly kind: 'demote'; readonly member: MemberState }
  /** Take the target, which has no vote, out of the Raft configuration. */
  | { readonly kind: 'remove'; readonly member: MemberState };

/** What to do next about the removal of a member. */
export type RemovalStep =
  /** It is no member (any more): the removal is complete. */
  | { readonly kind: 'done' }
  /**
   * Make the first possible candidate a voter, since the cluster is to have one more before it goes on. Where
   * nobody can be promoted, do `otherwise` all the same, if it is given.
   */
  | {
      readonly kind: 'promote';
      readonly candidates: readonly MemberState[];
      readonly otherwise: Departure | undefined;
    }
  /** Transfer leadership from the target to the first possible candidate. */
  | { readonly kind: 'transfer'; readonly candidates: readonly MemberState[] }
  | Departure
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
    return raiseHeir(members, others, leaderId);
  }
  if (target.role === 'voter' && !mayStopVoting(members, target)) {
    return makeUpForVote(members, others, leaderId);
  }
  const departure: Departure = {
    kind: target.role === 'voter' ? 'demote' : 'remove',
    member: target,
  };
  // As many vote as are wanted before it goes: until the next round of role checks, two voters could lose none.
  const isMissed = others.length >= VOTERS && onlineHolders(others, 'voter').length < VOTERS;
  const successor = isMissed && mayAddVoter(members) ? promoteOneOf(others, departure) : undefined;
  return successor ?? departure;
}

/**
 * What gives a leader that is to go a voter to lead after it, which is added beside no lost one, as ever. Where nobody
 * can become that voter, the lost one keeps its vote.
 */
function raiseHeir(
  members: readonly MemberState[],
  others: readonly MemberState[],
  leaderId: bigint,
): RemovalStep {
  if (votersToBe(others, []).length === 0) {
    return { kind: 'refuse', reason: 'no other member is online to lead' };
  }
  return makeUpForVote(members, others, leaderId);
}

/** What lets a voter go whose vote is needed for a majority: another vote in its place, or one less to be outvoted. */
function makeUpForVote(
  members: readonly MemberState[],
  others: readonly MemberState[],
  leaderId: bigint,
): RemovalStep {
  const [lost] = demoteLostVoter(members, leaderId)?.candidates ?? [];
  const demotion: Departure | undefined = lost && { kind: 'demote', member: lost };
  const promotion = mayAddVoter(members) ? promoteOneOf(others) : undefined;
  return promotion ?? demotion ?? { kind: 'refuse', reason: 'its vote is needed for a majority' };
}

function promoteOneOf(
  others: readonly MemberState[],
  otherwise?: Departure,
): RemovalStep | undefined {
  const voters = onlineHolders(others, 'voter');
  const candidates = votersToBe(others, voters);
  return candidates.length === 0 ? undefined : { kind: 'promote', candidates, otherwise };
}
