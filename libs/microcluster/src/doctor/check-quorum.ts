/** Can the cluster decide anything, and could it still after one more failure? */
import { sameAddress } from '../types/address.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { answers, listed, microctl, nameAt, nodesOf, reportersOf } from './views.js';

/** With this many members, all of them up to here have a vote. */
const WANTED_VOTERS = 3;

export function checkQuorum(facts: Facts): Finding[] {
  const nodes = nodesOf(facts);
  if (nodes === undefined || nodes.length === 0) return noConfiguration(facts);
  const isUp = (address: string) =>
    facts.members.some((member) => sameAddress(member.address, address) && answers(member));
  const voters = nodes.filter((node) => node.role === 'voter');
  const up = voters.filter((node) => isUp(node.address));
  const down = voters.filter((node) => !isUp(node.address));
  const needed = Math.floor(voters.length / 2) + 1;
  const names = listed(down.map((node) => nameAt(facts, node.address)));
  const finding = (severity: Finding['severity'], problem: string, repair: string): Finding => ({
    severity,
    check: 'quorum',
    member: '',
    problem,
    repair,
  });

  if (facts.members.some(({ answer }) => answer.kind === 'not-asked')) return [];
  if (up.length < needed) {
    return [
      finding(
        'critical',
        `The cluster cannot decide anything: ${up.length} of ${voters.length} voters answer, ${needed} must`,
        `Start the daemon on ${names}`,
      ),
    ];
  }
  if (down.length > 0 && up.length === needed) {
    return [
      finding(
        'warning',
        `One more failure stops the cluster: ${up.length} of ${voters.length} voters answer, ${needed} must`,
        `Start the daemon on ${names}, or remove what is lost: ${microctl(facts, `cluster remove NAME --force`)}`,
      ),
    ];
  }
  if (nodes.length === 2) {
    return [
      finding(
        'info',
        'A cluster of two members stops when its voter fails',
        `Add a third member: ${microctl(facts, 'tokens add NAME')}`,
      ),
    ];
  }
  const online = nodes.filter((node) => isUp(node.address)).length;
  if (voters.length < Math.min(WANTED_VOTERS, online)) {
    return [
      finding(
        'warning',
        `Only ${voters.length} of ${nodes.length} members have a vote although ${online} answer`,
        'Wait for the next round of role checks, then run the doctor again; if it stays, look into the log of the leader',
      ),
    ];
  }
  return [];
}

function noConfiguration(facts: Facts): Finding[] {
  const reporters = reportersOf(facts).filter(({ report }) => report.engine !== '');
  if (reporters.length === 0) return [];
  return [
    {
      severity: 'critical',
      check: 'quorum',
      member: '',
      problem: 'No member knows a leader of the database',
      repair:
        'Start the daemon on the members that do not answer; more than half of the voters must run',
    },
  ];
}
