/** What `@microcluster/testing` needs of a daemon and applications do not; no part of the public interface. */
export {
  DAEMON_ARGS_ADJUSTMENT,
  type DaemonArgsAdjustment,
} from '../options/adjust-daemon-args.js';
export type { Routes } from '../options/routes.js';
export { crashMember, databaseProcessOf, stopRequests } from './crash-member.js';
export { injectAs, listenerNames, type AssumedOrigin } from './inject-as.js';
export {
  FAILPOINT_ACTION,
  FAILPOINTS,
  FAILPOINTS_BY_OPERATION,
  type Failpoint,
  type FailpointAction,
} from '../failpoints/index.js';
