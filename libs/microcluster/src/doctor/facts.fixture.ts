/** The facts of a healthy cluster of three, to be spoilt by tests. */
import { generateKeyPair } from '../certificates/generate.js';
import { fingerprintOf } from '../certificates/inspect.js';
import type { ClusterMember } from '../types/schemas.js';
import type { Facts, MemberAnswer, MemberFacts } from './facts.js';
import type { MemberReport } from './report.js';

export const NOW = new Date('2026-06-01T12:00:00Z');
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;
const GIB = 2 ** 30;

const certificates = await Promise.all(
  ['c1', 'c2', 'c3', 'other'].map((commonName) => generateKeyPair({ commonName })),
);
const certificateOf = (number: number) => certificates[number - 1]?.certificate ?? '';
export const otherCertificate = certificateOf(4);

const ROLE = 'voter';
const addressOf = (number: number) => `10.0.0.${number}:8443`;

/** The row of member `c<number>`. */
export function row(number: number, changes: Partial<ClusterMember> = {}): ClusterMember {
  return {
    name: `c${number}`,
    address: addressOf(number),
    certificate: certificateOf(number),
    role: ROLE,
    schema_internal_version: 6,
    schema_external_version: 1,
    last_heartbeat: NOW,
    status: 'ONLINE',
    extensions: ['items'],
    secret: '',
    ...changes,
  };
}

/** What member `c<number>` reports of itself. */
export function report(number: number, changes: Partial<MemberReport> = {}): MemberReport {
  return {
    name: `c${number}`,
    address: addressOf(number),
    version: '1.0.0',
    time: NOW,
    database_open: true,
    database_status: 'Database is online',
    engine: 'dqlite',
    schema_internal_version: 6,
    schema_external_version: 1,
    extensions: ['items'],
    trusted: [1, 2, 3].map((member) => ({
      name: `c${member}`,
      address: addressOf(member),
      fingerprint: fingerprintOf(certificateOf(member)),
    })),
    leader: addressOf(1),
    nodes: [1, 2, 3].map((member) => ({
      id: 2n ** 60n + BigInt(member),
      address: addressOf(member),
      role: ROLE,
    })),
    certificates: [
      { ...certificate(), name: 'server', fingerprint: fingerprintOf(certificateOf(number)) },
      { ...certificate(), name: 'cluster', fingerprint: 'f'.repeat(64) },
    ],
    disk_free: 50 * GIB,
    disk_total: 100 * GIB,
    ...changes,
  };
}

/** A certificate that is valid for some years. */
export function certificate(): MemberReport['certificates'][number] {
  return {
    name: 'server',
    fingerprint: 'e'.repeat(64),
    not_before: new Date(NOW.getTime() - YEAR_MS),
    not_after: new Date(NOW.getTime() + 9 * YEAR_MS),
  };
}

/** An answer with a report. */
export function reported(of: MemberReport, skewMs = 0, uncertaintyMs = 5): MemberAnswer {
  return { kind: 'report', report: of, skewMs, uncertaintyMs };
}

/** Machine `c<number>`, which reports that all is well unless told otherwise. */
export function machine(number: number, answer = reported(report(number))): MemberFacts {
  return { name: `c${number}`, address: addressOf(number), answer };
}

export const silent: MemberAnswer = { kind: 'silent', reason: 'nothing listens there' };

/** Three members, asked from `c1`. */
export function healthy(changes: Partial<Facts> = {}): Facts {
  return {
    stateDir: '/var/lib/x',
    now: NOW,
    self: { name: 'c1', address: addressOf(1) },
    daemonFault: undefined,
    table: [1, 2, 3].map((number) => row(number)),
    members: [1, 2, 3].map((number) => machine(number)),
    exposedKeys: [],
    ...changes,
  };
}
