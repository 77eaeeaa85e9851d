export { applyFix, describeFix } from './apply-fix.js';
export { collectFacts, type CollectOptions } from './collect.js';
export { diagnose } from './diagnose.js';
export type { Facts, MemberAnswer, MemberFacts } from './facts.js';
export type { Check, Finding, Fix, Severity } from './finding.js';
export { planRemoval, type PlannedMember, type Quorum, type RemovalPlan } from './removal-plan.js';
export type { MemberReport } from './report.js';
export { planRemovalBy } from './removal-facts.js';
