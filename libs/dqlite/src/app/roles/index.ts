/** Role decisions of a cluster, all pure: they see members and say what to change. */
export { decideAdjust } from './adjust.js';
export { decideAssume } from './assume.js';
export {
  isLeaving,
  LEAVING_WEIGHT,
  quorumOf,
  type MemberState,
  type RoleStep,
  type RoleTargets,
} from './cluster-state.js';
export { decideSuccession, decideTransfer, mayRetire } from './hand-over.js';
export { canSpareVote, mayStopVoting } from './guards.js';
export { decideRemoval, type Departure, type RemovalStep } from './removal.js';
