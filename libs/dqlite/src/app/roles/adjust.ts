/** What the leader changes about the roles of the members, one change at a time (`spec/dqlite.md` C.5, Adjust). */
import { SMALLEST_REPLICATED_CLUSTER } from './assume.js';
import {
  countDomains,
  orderForDemotion,
  orderForPromotion,
  stepOf,
  votersToBe,
} from './candidates.js';
import {
  holders,
  onlineHolders,
  promotable,
  type MemberState,
  type RoleStep,
  type RoleTargets,
} from './cluster-state.js';
import { canSpareVote, mayAddVoter } from './guards.js';
import { demoteLostVoter } from './lost-voters.js';

/**
 * The next change towards the wanted roles, or `undefined` when there is nothing to do, or nothing
 * that is safe. Asked again after each change, with the members as they are then. A node that is about to stop keeps
 * what it has until it gives it away or is lost, and is given nothing.
 *
 * @param leaderId - the node that decides; it never demotes itself.
 * @param settled - nodes that have not just joined. They come first beside a single voter: of two voters neither may
 *   be lost, and whose join fails goes again.
 */
export function decideAdjust(
  members: readonly MemberState[],
  leaderId: bigint,
  targets: RoleTargets,
  settled: ReadonlySet<bigint> = new Set(),
): RoleStep | undefined {
  if (members.length < 2) return undefined;
  if (members.length < SMALLEST_REPLICATED_CLUSTER) return shrinkToLeader(members, leaderId);
  const votersOnline = onlineHolders(members, 'voter').length;
  return (
    coverFailureDomain(members) ??
    // A voter that is offline and that nobody can replace keeps its vote: it may come back.
    (votersOnline < targets.voters
      ? replaceVoter(members, leaderId, votersOnline === 1 ? settled : new Set())
      : (dismissVoter(members, leaderId, targets.voters) ??
        adjustStandBys(members, leaderId, targets.standBys)))
  );
}

/** Two members have one voter, or the loss of either would stop the other. */
function shrinkToLeader(members: readonly MemberState[], leaderId: bigint): RoleStep | undefined {
  const others = holders(members, 'voter').filter(({ id }) => id !== leaderId);
  const demotable = others.filter((voter) => canSpareVote(members, voter));
  return stepOf('spare', orderForDemotion(demotable, demotable), 'two members have one voter');
}

/** A failure domain without a voter gets one while another domain has several. */
function coverFailureDomain(members: readonly MemberState[]): RoleStep | undefined {
  const voters = onlineHolders(members, 'voter');
  const covered = countDomains(voters);
  if (!mayAddVoter(members)) return undefined;
  if (![...covered.values()].some((count) => count > 1)) return undefined;
  const uncovered = votersToBe(members, voters).filter((node) => !covered.has(node.failureDomain));
  return stepOf('voter', uncovered, 'a failure domain has no voter');
}

/**
 * Gives the vote to another member. Where the voters that are left would be too few for a majority beside it, one that
 * is lost gives its vote up first: otherwise the loss of the newcomer as well would leave no majority.
 */
function replaceVoter(
  members: readonly MemberState[],
  leaderId: bigint,
  settled: ReadonlySet<bigint>,
): RoleStep | undefined {
  const candidates = votersToBe(members, onlineHolders(members, 'voter'));
  if (candidates.length > 0 && !mayAddVoter(members)) {
    const demotion = demoteLostVoter(members, leaderId);
    if (demotion !== undefined) return demotion;
  }
  const newcomersLast = [
    ...candidates.filter(({ id }) => settled.has(id)),
    ...candidates.filter(({ id }) => !settled.has(id)),
  ];
  return stepOf('voter', newcomersLast, 'too few voters are online');
}

/** With enough voters online: takes the vote from surplus ones, then from those that are offline. */
function dismissVoter(
  members: readonly MemberState[],
  leaderId: bigint,
  wanted: number,
): RoleStep | undefined {
  const online = onlineHolders(members, 'voter');
  const surplus =
    online.length > wanted
      ? online.filter((voter) => voter.id !== leaderId && canSpareVote(members, voter))
      : [];
  return (
    stepOf('spare', orderForDemotion(surplus, online), 'too many voters are online') ??
    demoteLostVoter(members, leaderId)
  );
}

function adjustStandBys(
  members: readonly MemberState[],
  leaderId: bigint,
  wanted: number,
): RoleStep | undefined {
  const online = onlineHolders(members, 'stand-by');
  if (online.length < wanted) {
    const spares = orderForPromotion(promotable(members, 'spare'), online);
    return stepOf('stand-by', spares, 'too few stand-bys are online');
  }
  const surplus = online.length > wanted ? online.filter(({ id }) => id !== leaderId) : [];
  const lost = holders(members, 'stand-by').filter((node) => !node.online);
  return (
    stepOf('spare', orderForDemotion(surplus, online), 'too many stand-bys are online') ??
    stepOf('spare', orderForDemotion(lost, lost), 'a stand-by is offline')
  );
}
