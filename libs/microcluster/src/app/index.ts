export { readMemberCredentials, type MemberCredentials } from './member-files.js';
export {
  Microcluster,
  type CallOptions,
  type Diagnosis,
  type InitialiseOptions,
} from './microcluster.js';
export { untilReady, type WaitOptions } from './until-ready.js';
