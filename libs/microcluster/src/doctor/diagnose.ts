/** The doctor's judgement: from collected facts to findings. Pure. */
import { checkCertificates } from './check-certificates.js';
import { checkMachines } from './check-machines.js';
import { checkMembership } from './check-membership.js';
import { checkQuorum } from './check-quorum.js';
import { checkReachability } from './check-reachability.js';
import { checkTrust } from './check-trust.js';
import { checkUpgrade } from './check-upgrade.js';
import { checkVersions } from './check-versions.js';
import type { Facts } from './facts.js';
import { bySeverity, type Finding } from './finding.js';

const CHECKS: readonly ((facts: Facts) => Finding[])[] = [
  checkReachability,
  checkQuorum,
  checkMembership,
  checkTrust,
  checkCertificates,
  checkUpgrade,
  checkVersions,
  checkMachines,
];

/** All findings, the most severe first; none when everything is as it should be. */
export function diagnose(facts: Facts): Finding[] {
  return CHECKS.flatMap((check) => check(facts)).toSorted(bySeverity);
}
