/** A member of a dqlite cluster: node, files, roles, and the ways in, out and back. */
export { DqliteApp, type AppStatus, type AppWaitOptions } from './app.js';
export { NodeDirectory } from './files/index.js';
export type { AppEvent, AppRound, DqliteAppOptions } from './options.js';
export {
  adoptRecovered,
  comparePositions,
  describeLastEntry,
  rewriteMembership,
  type Adoption,
  type LogPosition,
  type MembershipRewrite,
} from './recovery/index.js';
export {
  decideAdjust,
  decideAssume,
  decideRemoval,
  decideSuccession,
  decideTransfer,
  type MemberState,
  type RemovalStep,
  type RoleStep,
  type RoleTargets,
} from './roles/index.js';
