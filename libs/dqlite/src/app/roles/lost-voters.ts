/** Takes the vote from members that cannot be reached. */
import { orderForDemotion, stepOf } from './candidates.js';
import { holders, type MemberState, type RoleStep } from './cluster-state.js';
import { mayStopVoting } from './guards.js';

/**
 * The demotion of a voter that is offline, or `undefined` when there is none that the others can go on without.
 *
 * @param leaderId - who may be slow to answer a probe, and leads nevertheless
 */
export function demoteLostVoter(
  members: readonly MemberState[],
  leaderId: bigint,
): RoleStep | undefined {
  const lost = holders(members, 'voter').filter(
    (voter) => !voter.online && voter.id !== leaderId && mayStopVoting(members, voter),
  );
  return stepOf('spare', orderForDemotion(lost, lost), 'a voter is offline');
}
