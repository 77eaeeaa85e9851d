/** Do all members run the same release, schema, extensions and engine? */
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { listed, reportersOf, type Reporter } from './views.js';

export function checkVersions(facts: Facts): Finding[] {
  const members = reportersOf(facts).filter(({ report }) => report.engine !== '');
  return [
    ...differing(members, {
      severity: 'info',
      check: 'versions',
      what: 'versions',
      of: ({ version }) => version,
      repair:
        'Finish the upgrade: install the same release on all of them and restart their daemons',
    }),
    ...differing(members, {
      severity: 'warning',
      check: 'versions',
      what: 'schema versions',
      of: (report) => `${report.schema_internal_version}/${report.schema_external_version}`,
      repair:
        'Upgrade and restart the daemons with the lower schema version; the others wait for them',
    }),
    ...differing(members, {
      severity: 'warning',
      check: 'versions',
      what: 'API extensions',
      of: ({ extensions }) => extensions.join(' '),
      repair: 'Install the same release on all of them; until then nobody can join',
    }),
    ...differing(members, {
      severity: 'critical',
      check: 'engine',
      what: 'database engines',
      of: ({ engine }) => engine,
      repair: 'Remove the member with the embedded engine and let it join again with dqlite',
    }),
    ...embedded(members),
  ];
}

interface Comparison {
  readonly severity: Finding['severity'];
  readonly check: Finding['check'];
  readonly what: string;
  readonly of: (report: Reporter['report']) => string;
  readonly repair: string;
}

function differing(members: readonly Reporter[], comparison: Comparison): Finding[] {
  const groups = new Map<string, string[]>();
  for (const { name, report } of members) {
    const value = comparison.of(report);
    groups.set(value, [...(groups.get(value) ?? []), name]);
  }
  if (groups.size < 2) return [];
  const described = [...groups].map(([value, names]) => `${listed(names)}: ${value || 'none'}`);
  return [
    {
      severity: comparison.severity,
      check: comparison.check,
      member: '',
      problem: `The members have different ${comparison.what} (${described.join('; ')})`,
      repair: comparison.repair,
    },
  ];
}

function embedded(members: readonly Reporter[]): Finding[] {
  const [only, ...others] = members;
  if (only?.report.engine !== 'sqlite' || others.length > 0) return [];
  return [
    {
      severity: 'info',
      check: 'engine',
      member: only.name,
      problem: 'The embedded engine keeps one copy of the data, and nobody can join',
      repair:
        'For a cluster, start the daemon with MICROCLUSTER_ENGINE=dqlite; it carries the data over',
    },
  ];
}
