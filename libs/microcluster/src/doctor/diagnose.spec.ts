import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.js';
import {
  certificate,
  healthy,
  machine,
  NOW,
  otherCertificate,
  report,
  reported,
  row,
  silent,
} from './facts.fixture.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

const members = (first = machine(1), second = machine(2), third = machine(3)) => ({
  members: [first, second, third],
});
const nodes = report(1).nodes;
const DAY = 24 * 60 * 60 * 1_000;

interface Case {
  readonly when: string;
  readonly facts: Facts;
  /** Each in full where the words matter, else what must be in it. */
  readonly found: readonly Partial<Finding>[];
}

const cases: readonly Case[] = [
  {
    when: 'the local daemon is down and two of three answer',
    facts: healthy({ daemonFault: 'nobody listens', ...members(machine(1, silent)) }),
    found: [
      {
        severity: 'critical',
        check: 'daemon',
        member: 'c1',
        repair: "Start the daemon's service, or run: microd --state-dir /var/lib/x",
      },
      { severity: 'warning', check: 'quorum', problem: expect.stringContaining('2 of 3 voters') },
    ],
  },
  {
    when: 'two of three are down',
    facts: healthy(members(machine(1), machine(2, silent), machine(3, silent))),
    found: [
      { severity: 'critical', check: 'quorum', repair: 'Start the daemon on c2 and c3' },
      { severity: 'warning', check: 'daemon', member: 'c2' },
      { severity: 'warning', check: 'daemon', member: 'c3' },
    ],
  },
  {
    when: 'a database waits for an upgrade',
    facts: healthy(
      members(
        machine(
          1,
          reported(
            report(1, {
              database_open: false,
              database_status: 'Database is waiting for an upgrade',
            }),
          ),
        ),
      ),
    ),
    found: [
      {
        severity: 'critical',
        check: 'database',
        member: 'c1',
        repair: expect.stringMatching(/^Upgrade and restart/),
      },
    ],
  },
  {
    when: 'a row is not in the database',
    facts: healthy({
      table: [row(1), row(2), row(3), row(1, { name: 'c4', address: '10.0.0.4:1' })],
    }),
    found: [
      { severity: 'critical', check: 'trust', member: 'c1', problem: 'c1 does not trust c4' },
      { severity: 'critical', check: 'trust', member: 'c2' },
      { severity: 'critical', check: 'trust', member: 'c3' },
      {
        severity: 'warning',
        check: 'membership',
        member: 'c4',
        repair: 'Run: microctl --state-dir /var/lib/x cluster remove c4 --force',
      },
    ],
  },
  {
    when: 'somebody is joining',
    facts: healthy({
      table: [
        row(1),
        row(2),
        row(3),
        row(1, { name: 'c4', address: '10.0.0.4:1', role: 'PENDING' }),
      ],
    }),
    found: [{ severity: 'warning', check: 'membership', member: 'c4' }],
  },
  {
    when: 'the database has a node that no table knows',
    facts: healthy(
      members(
        machine(
          1,
          reported(
            report(1, { nodes: [...nodes, { id: 9n, address: '10.0.0.9:1', role: 'spare' }] }),
          ),
        ),
      ),
    ),
    found: [
      {
        severity: 'warning',
        check: 'membership',
        repair:
          'Run: microctl --state-dir /var/lib/x cluster remove NAME --address 10.0.0.9:1 --force',
      },
    ],
  },
  {
    when: 'heartbeats have stopped',
    facts: healthy({
      table: [row(1), row(2), row(3, { last_heartbeat: new Date(NOW.getTime() - 600_000) })],
    }),
    found: [{ check: 'membership', member: 'c3', problem: expect.stringContaining('600 s old') }],
  },
  {
    when: 'a trust store lacks a member',
    facts: healthy(
      members(
        machine(1),
        machine(2, reported(report(2, { trusted: report(2).trusted.slice(0, 2) }))),
      ),
    ),
    found: [
      {
        severity: 'critical',
        check: 'trust',
        member: 'c2',
        problem: 'c2 does not trust c3',
        repair: 'Run: microctl --state-dir /var/lib/x doctor --fix',
        fix: {
          kind: 'trust-add',
          at: '10.0.0.2:8443',
          member: { name: 'c3', address: '10.0.0.3:8443', certificate: row(3).certificate },
        },
      },
    ],
  },
  {
    when: 'a trust store knows somebody who is no member',
    facts: healthy(
      members(
        machine(
          1,
          reported(
            report(1, {
              trusted: [
                ...report(1).trusted,
                { name: 'ghost', address: '10.0.0.9:1', fingerprint: 'a' },
              ],
            }),
          ),
        ),
      ),
    ),
    found: [
      {
        severity: 'critical',
        check: 'trust',
        member: 'c1',
        fix: { kind: 'trust-remove', at: '10.0.0.1:8443', name: 'ghost' },
      },
    ],
  },
  {
    when: 'a member uses another certificate than it joined with',
    facts: healthy({ table: [row(1), row(2), row(3, { certificate: otherCertificate })] }),
    found: [
      { check: 'trust', member: 'c1', problem: 'c1 knows c3 with another certificate' },
      { check: 'trust', member: 'c2' },
      { check: 'trust', member: 'c3' },
      {
        severity: 'critical',
        check: 'certificates',
        member: 'c3',
        problem: expect.stringContaining('another server certificate'),
      },
    ],
  },
  {
    when: 'certificates end, and the cluster certificates differ',
    facts: healthy(
      members(
        machine(
          1,
          reported(
            report(1, {
              certificates: [
                { ...certificate(), name: 'extra', not_after: new Date(NOW.getTime() - DAY) },
                { ...certificate(), name: 'cluster', not_after: new Date(NOW.getTime() + 5 * DAY) },
              ],
            }),
          ),
        ),
      ),
    ),
    found: [
      {
        severity: 'critical',
        member: '',
        problem:
          'The members do not show the same cluster certificate: c1 eeeeeeeeeeee; c2 and c3 ffffffffffff',
      },
      {
        severity: 'critical',
        member: 'c1',
        problem: 'The extra certificate of c1 expired on 2026-05-31; nobody trusts it any more',
      },
      {
        severity: 'warning',
        member: 'c1',
        problem: 'The cluster certificate of c1 expires in 5 days, on 2026-06-06',
        repair: 'Run: microctl --state-dir /var/lib/x certificates set cluster CERTIFICATE KEY',
      },
    ],
  },
  {
    when: 'certificates have ended by which members recognise each other',
    facts: healthy(
      members(
        machine(
          1,
          reported(
            report(1, {
              certificates: report(1).certificates.map((one) => ({
                ...one,
                not_after: new Date(NOW.getTime() - DAY),
              })),
            }),
          ),
        ),
      ),
    ),
    found: [
      {
        severity: 'critical',
        member: 'c1',
        problem: 'The server certificate of c1 expired on 2026-05-31; nobody trusts it any more',
        repair:
          'Remove c1 and let it join again, with a new certificate: microctl --state-dir /var/lib/x cluster remove c1 --force',
      },
      {
        severity: 'critical',
        member: 'c1',
        problem: 'The cluster certificate of c1 expired on 2026-05-31; nobody trusts it any more',
        repair:
          'Stop all daemons, put the same new cluster.crt and cluster.key into the state directory of every member, and start them',
      },
    ],
  },
  {
    when: 'a private key can be read by others',
    facts: healthy({ exposedKeys: ['/var/lib/x/server.key'] }),
    found: [
      {
        severity: 'critical',
        check: 'certificates',
        repair: 'Run: chmod 600 /var/lib/x/server.key',
        fix: { kind: 'restrict-key', path: '/var/lib/x/server.key' },
      },
    ],
  },
  {
    when: 'releases differ',
    facts: healthy(
      members(
        machine(
          1,
          reported(
            report(1, {
              version: '2.0.0',
              schema_external_version: 2,
              extensions: [],
              engine: 'sqlite',
            }),
          ),
        ),
      ),
    ),
    found: [
      { severity: 'critical', check: 'engine' },
      {
        severity: 'warning',
        problem: 'The members have different schema versions (c1: 6/2; c2 and c3: 6/1)',
      },
      {
        severity: 'warning',
        problem: 'The members have different API extensions (c1: none; c2 and c3: items)',
      },
      {
        severity: 'info',
        problem: 'The members have different versions (c1: 2.0.0; c2 and c3: 1.0.0)',
      },
    ],
  },
  {
    when: 'clocks differ by more than the question took',
    facts: healthy(
      members(
        machine(1),
        machine(2, reported(report(2), -90_000, 20)),
        machine(3, reported(report(3), 4_000, 3_000)),
      ),
    ),
    found: [
      {
        severity: 'critical',
        check: 'clocks',
        member: 'c2',
        problem: "The clock of c2 is 90.0 s behind this machine's",
      },
    ],
  },
  {
    when: 'disks run full',
    facts: healthy(
      members(
        machine(1, reported(report(1, { disk_free: 500 * 2 ** 20 }))),
        machine(2, reported(report(2, { disk_free: 2 ** 20 }))),
        machine(3, reported(report(3, { disk_free: 0, disk_total: 0 }))),
      ),
    ),
    found: [
      { severity: 'critical', check: 'disk', member: 'c2' },
      {
        severity: 'warning',
        check: 'disk',
        member: 'c1',
        problem: expect.stringContaining('500 MiB left of 102400 MiB'),
      },
    ],
  },
  {
    when: 'members were not asked, refuse us, or give no reports',
    facts: healthy(
      members(
        machine(1),
        machine(2, { kind: 'refused', reason: 'not authorized' }),
        machine(3, { kind: 'other', version: '3.1.0' }),
      ),
    ),
    found: [
      { severity: 'critical', check: 'trust', member: 'c2' },
      { severity: 'info', check: 'versions', member: 'c3' },
    ],
  },
  {
    when: 'nothing is known but that the daemon is down',
    facts: healthy({
      self: undefined,
      daemonFault: 'it does not exist',
      table: undefined,
      members: [],
    }),
    found: [{ severity: 'critical', check: 'daemon', member: '' }],
  },
];

describe('the doctor', () => {
  it('finds nothing wrong with a healthy cluster', () => {
    expect(diagnose(healthy())).toEqual([]);
  });

  it.each(cases)('speaks up when $when', ({ facts, found }) => {
    expect(diagnose(facts)).toEqual(found.map((finding) => expect.objectContaining(finding)));
  });

  it('always says what to do', () => {
    for (const { facts } of cases) {
      for (const { problem, repair } of diagnose(facts)) {
        expect(problem).toMatch(/^\S.*[^.]$/s);
        expect(repair).toMatch(/^\S.*[^.]$/s);
      }
    }
  });
});
