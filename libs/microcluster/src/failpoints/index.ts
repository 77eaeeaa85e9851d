/** Points between the steps of operations, at which tests stop them. */
export { FAILPOINTS, FAILPOINTS_BY_OPERATION, type Failpoint } from './catalogue.js';
export { FAILPOINT_ACTION, Failpoints, type FailpointAction } from './failpoints.js';
