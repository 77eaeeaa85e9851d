/** Does every member trust every member, and nobody else? */
import { fingerprintOf } from '../certificates/inspect.js';
import { sameAddress } from '../types/address.js';
import type { ClusterMember } from '../types/schemas.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { microctl, nodesOf, reportersOf, type Reporter } from './views.js';

export function checkTrust(facts: Facts): Finding[] {
  const { table } = facts;
  if (table === undefined) return [];
  return reportersOf(facts)
    .filter(({ report }) => report.engine !== '')
    .flatMap((reporter) => [
      ...table.flatMap((row) => rowAgainstStore(facts, reporter, row)),
      ...strangersOf(facts, reporter, table),
    ]);
}

function rowAgainstStore(facts: Facts, at: Reporter, row: ClusterMember): Finding[] {
  const entry = at.report.trusted.find(({ name }) => name === row.name);
  const finding = { check: 'trust', member: at.name } as const;
  const fixCommand = `Run: ${microctl(facts, 'doctor --fix')}`;
  if (entry === undefined) {
    // Somebody who is joining is trusted everywhere only at the end.
    if (row.role === 'PENDING') return [];
    const { name, address, certificate } = row;
    const isNode = nodesOf(facts)?.some((node) => sameAddress(node.address, address)) === true;
    return [
      {
        ...finding,
        severity: 'critical',
        problem: `${at.name} does not trust ${row.name}`,
        repair: isNode ? fixCommand : 'See what is found of its membership',
        ...(isNode && {
          fix: { kind: 'trust-add', at: at.address, member: { name, address, certificate } },
        }),
      },
    ];
  }
  const differences = [
    ...(sameAddress(entry.address, row.address)
      ? []
      : [`address ${entry.address} instead of ${row.address}`]),
    ...(entry.fingerprint === fingerprint(row) ? [] : ['another certificate']),
  ];
  if (differences.length === 0) return [];
  return [
    {
      ...finding,
      severity: 'critical',
      problem: `${at.name} knows ${row.name} with ${differences.join(' and ')}`,
      repair:
        'Wait for two heartbeats, which correct it, and run the doctor again; if it stays, look into the log of the leader',
    },
  ];
}

/** Entries of a trust store that belong to no member. */
function strangersOf(facts: Facts, at: Reporter, table: readonly ClusterMember[]): Finding[] {
  const nodes = nodesOf(facts);
  return at.report.trusted
    .filter(({ name }) => !table.some((row) => row.name === name))
    .map(({ name, address }) => {
      const isGone =
        nodes !== undefined && !nodes.some((node) => sameAddress(node.address, address));
      return {
        severity: 'critical',
        check: 'trust',
        member: at.name,
        problem: `${at.name} trusts ${name} at ${address}, which is not in the member table and so has full rights without being a member`,
        repair: isGone
          ? `Run: ${microctl(facts, 'doctor --fix')}`
          : `Run: ${microctl(facts, `cluster remove ${name} --address ${address} --force`)}`,
        ...(isGone && { fix: { kind: 'trust-remove', at: at.address, name } }),
      } satisfies Finding;
    });
}

function fingerprint({ certificate }: ClusterMember): string {
  try {
    return fingerprintOf(certificate);
  } catch {
    return '';
  }
}
