/** Do the member table and the database's configuration name the same members? */
import { sameAddress } from '../types/address.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { microctl, nodesOf } from './views.js';

/** Roles are written to the table once per round; a difference is news only when heartbeats have stopped. */
const STALE_HEARTBEAT_MS = 120_000;

export function checkMembership(facts: Facts): Finding[] {
  const { table } = facts;
  const nodes = nodesOf(facts);
  if (table === undefined || nodes === undefined) return [];
  const findings: Finding[] = [];
  for (const row of table) {
    const node = nodes.find(({ address }) => sameAddress(address, row.address));
    const remove = microctl(facts, `cluster remove ${row.name} --force`);
    if (node === undefined) {
      findings.push({
        severity: 'warning',
        check: 'membership',
        member: row.name,
        problem:
          row.role === 'PENDING'
            ? `${row.name} has begun to join at ${row.address} and is not in the database yet`
            : `${row.name} is in the member table at ${row.address}, but not in the database`,
        repair:
          row.role === 'PENDING' ? `If nothing joins at this moment: ${remove}` : `Run: ${remove}`,
      });
      continue;
    }
    const age = facts.now.getTime() - row.last_heartbeat.getTime();
    const isKnown = row.last_heartbeat.getUTCFullYear() > 1;
    if (isKnown && age > STALE_HEARTBEAT_MS && row.status === 'ONLINE') {
      findings.push({
        severity: 'warning',
        check: 'membership',
        member: row.name,
        problem: `${row.name} answers, but the leader's last heartbeat to it is ${Math.round(age / 1_000)} s old`,
        repair: 'Look for heartbeat-round-failed in the log of the leader, and compare the clocks',
      });
    }
  }
  for (const node of nodes) {
    if (table.some((row) => sameAddress(row.address, node.address))) continue;
    const known = facts.members.find(({ address }) => sameAddress(address, node.address));
    const name = known?.name || 'NAME';
    findings.push({
      severity: 'warning',
      check: 'membership',
      member: known?.name ?? '',
      problem: `The database has a ${node.role} at ${node.address} that is not in the member table`,
      repair: `Run: ${microctl(facts, `cluster remove ${name} --address ${node.address} --force`)}`,
    });
  }
  return findings;
}
