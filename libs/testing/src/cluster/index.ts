export type { MemberModule, MemberSettings } from './member-modules.js';
export { TestCluster, type CloseOptions, type TestClusterOptions } from './test-cluster.js';
export { TestMember, type MemberPlan, type MemberState } from './test-member.js';
