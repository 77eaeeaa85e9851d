/** Recovery after the loss of a majority: whose data is newest, a new membership for it, and the others' adoption of it. */
export { adoptRecovered, resumeAdoption, type Adoption } from './adoption.js';
export { comparePositions, describeLastEntry, type LogPosition } from './last-entry.js';
export { rewriteMembership, type MembershipRewrite } from './membership-rewrite.js';
