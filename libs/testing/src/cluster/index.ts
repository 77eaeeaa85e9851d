export type { Slowness } from '../network/index.js';
export type { ClusterMember, MemberPlan, MemberState } from './cluster-member.js';
export type { MemberModule } from './member-modules.js';
export {
  ProcessMember,
  type MemberOverride,
  type ModuleFile,
  type ProcessDaemonArgs,
} from './process/index.js';
export { TestCluster } from './test-cluster.js';
export type {
  CloseOptions,
  ClusterOptions,
  ProcessClusterOptions,
  TestClusterOptions,
} from './test-cluster-options.js';
export { TestMember } from './test-member.js';
