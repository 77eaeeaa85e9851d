/** Are the certificates valid, the same where they must be, and their keys secret? */
import { fingerprintOf } from '../certificates/inspect.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { listed, microctl, reportersOf, type Reporter } from './views.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Certificates are to be replaced when they end sooner than this, milliseconds. */
const SOON_MS = 30 * DAY_MS;

export function checkCertificates(facts: Facts): Finding[] {
  const reporters = reportersOf(facts);
  return [
    ...reporters.flatMap((reporter) => validity(facts, reporter)),
    ...identities(facts, reporters),
    ...clusterCertificate(facts, reporters),
    ...facts.exposedKeys.map((path): Finding => ({
      severity: 'critical',
      check: 'certificates',
      member: facts.self?.name ?? '',
      problem: `Others than the daemon's account may read the private key ${path}`,
      repair: `Run: chmod 600 ${path}`,
      fix: { kind: 'restrict-key', path },
    })),
  ];
}

function validity(facts: Facts, { name: member, report, skewMs }: Reporter): Finding[] {
  return report.certificates.flatMap((certificate): Finding[] => {
    const { name, fingerprint, not_before: from, not_after: to } = certificate;
    const what = `The ${name} certificate of ${member}`;
    const finding = { check: 'certificates', member } as const;
    const repair = replacement(facts, name, member);
    const byHand = replacementByHand(facts, name, member);
    if (fingerprint === '') {
      return [
        { ...finding, severity: 'critical', problem: `${what} cannot be read`, repair: byHand },
      ];
    }
    const now = facts.now.getTime();
    if (now > to.getTime()) {
      const problem = `${what} expired on ${dayOf(to)}; nobody trusts it any more`;
      return [{ ...finding, severity: 'critical', problem, repair: byHand }];
    }
    if (now + skewMs < from.getTime()) {
      const problem = `${what} is valid only from ${from.toISOString()}`;
      const clock = `Correct the clock of ${member}`;
      return [{ ...finding, severity: 'critical', problem, repair: clock }];
    }
    if (now + SOON_MS > to.getTime()) {
      const days = Math.ceil((to.getTime() - now) / DAY_MS);
      const problem = `${what} expires in ${days} days, on ${dayOf(to)}`;
      return [{ ...finding, severity: 'warning', problem, repair }];
    }
    return [];
  });
}

/** How a certificate is replaced as long as the members believe each other. */
function replacement(facts: Facts, certificate: string, member: string): string {
  switch (certificate) {
    case 'cluster':
      return `Run: ${microctl(facts, 'certificates set cluster CERTIFICATE KEY')}`;
    case 'server':
      return `On ${member}, run: microctl certificates renew`;
    default:
      return `On ${member}, run: microctl certificates set ${certificate} CERTIFICATE KEY`;
  }
}

/** How it is replaced when it is of no use any more: the others do not listen to who shows it. */
function replacementByHand(facts: Facts, certificate: string, member: string): string {
  if (facts.members.length < 2) return replacement(facts, certificate, member);
  switch (certificate) {
    case 'cluster':
      return 'Stop all daemons, put the same new cluster.crt and cluster.key into the state directory of every member, and start them';
    case 'server':
      return `Remove ${member} and let it join again, with a new certificate: ${microctl(facts, `cluster remove ${member} --force`)}`;
    default:
      return replacement(facts, certificate, member);
  }
}

/** The certificate that a member shows as itself must be the one that the table tells the others to trust. */
function identities(facts: Facts, reporters: readonly Reporter[]): Finding[] {
  return reporters.flatMap(({ name, report }): Finding[] => {
    const row = facts.table?.find((member) => member.name === report.name);
    const own = report.certificates.find((certificate) => certificate.name === 'server');
    if (row === undefined || own === undefined || own.fingerprint === '') return [];
    if (fingerprintOrNone(row.certificate) === own.fingerprint) return [];
    return [
      {
        severity: 'critical',
        check: 'certificates',
        member: name,
        problem: `${name} uses another server certificate than the member table has, so that the others refuse it`,
        repair: `Put the old server.crt and server.key of ${name} back and restart its daemon, or remove it and let it join again: ${microctl(facts, `cluster remove ${name} --force`)}`,
      },
    ];
  });
}

/** All members show one certificate. */
function clusterCertificate(facts: Facts, reporters: readonly Reporter[]): Finding[] {
  const holders = new Map<string, string[]>();
  for (const { name, report } of reporters) {
    const shown = report.certificates.find((certificate) => certificate.name === 'cluster');
    if (shown === undefined) continue;
    holders.set(shown.fingerprint, [...(holders.get(shown.fingerprint) ?? []), name]);
  }
  if (holders.size < 2) return [];
  const groups = [...holders.entries()].map(
    ([fingerprint, names]) => `${listed(names)} ${fingerprint.slice(0, 12)}`,
  );
  return [
    {
      severity: 'critical',
      check: 'certificates',
      member: '',
      problem: `The members do not show the same cluster certificate: ${groups.join('; ')}`,
      repair: `Set it again: ${microctl(facts, 'certificates set cluster cluster.crt cluster.key')}`,
    },
  ];
}

function fingerprintOrNone(pem: string): string {
  try {
    return fingerprintOf(pem);
  } catch {
    return '';
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
