export type { Slowness } from '../network/index.js';
export type { MemberModule, MemberSettings } from './member-modules.js';
export { TestCluster } from './test-cluster.js';
export type { CloseOptions, TestClusterOptions } from './test-cluster-options.js';
export { TestMember, type MemberPlan, type MemberState } from './test-member.js';
