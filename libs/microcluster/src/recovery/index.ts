/** Recovery of a cluster that has lost its majority, without a running daemon. */
export { recoverAtStart, type RecoveryLog } from './at-start.js';
export { formatMembers, parseMembers, type DqliteMember } from './member-records.js';
export { readOfflineMembers } from './offline-members.js';
export { recoverFromQuorumLoss, type RecoveryOptions, type RecoveryOutcome } from './recover.js';
