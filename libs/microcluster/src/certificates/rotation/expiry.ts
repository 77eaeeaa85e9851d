/** Watches the dates of certificates: warns before they end, and tells the way out when one is not in force. */
import { X509Certificate } from 'node:crypto';
import type { LoggerService } from '@nestjs/common';
import { expiryOf } from '../inspect.js';
import { daysLeft } from './check-key-pair.js';

/** Warnings begin this many days before the end. */
export const WARNING_DAYS = 30;

/** A certificate (PEM) and the name by which `PUT cluster/certificates/{name}` replaces it. */
export interface NamedCertificate {
  readonly name: string;
  readonly certificate: string;
}

/** One that is kept in a file. */
export interface CertificateFile extends NamedCertificate {
  readonly file: string;
}

/** One certificate that needs attention. */
export interface ExpiryWarning {
  readonly name: string;
  readonly expires: Date;
  /** Whole days until then; negative when it has ended. */
  readonly days: number;
}

/** A certificate that is not in force now. */
export interface DateFault {
  readonly name: string;
  readonly kind: 'expired' | 'not-yet-valid';
  /** What is wrong, with the file, the date and the time here. */
  readonly problem: string;
  readonly todo: string;
}

/** Those that end within {@link WARNING_DAYS}, the most urgent first. Pure. */
export function expiryWarnings(
  certificates: readonly NamedCertificate[],
  now: Date,
): ExpiryWarning[] {
  return certificates
    .map(({ name, certificate }) => ({
      name,
      expires: expiryOf(certificate),
      days: daysLeft(certificate, now),
    }))
    .filter(({ days }) => days < WARNING_DAYS)
    .toSorted((a, b) => a.days - b.days);
}

/** Those that are not in force: by them members refuse each other, whatever else is well. Pure. */
export function dateFaults(certificates: readonly CertificateFile[], now: Date): DateFault[] {
  return certificates.flatMap(({ name, certificate, file }): DateFault[] => {
    const parsed = new X509Certificate(certificate);
    const [from, to] = [new Date(parsed.validFrom), new Date(parsed.validTo)];
    const clock = `the clock of this machine says ${now.toISOString()}`;
    if (now < from) {
      const problem = `the certificate ${file} is valid only from ${from.toISOString()}, and ${clock}`;
      return [{ name, kind: 'not-yet-valid', problem, todo: 'set the clock' }];
    }
    if (now > to) {
      const problem = `the certificate ${file} expired on ${to.toISOString()}, and ${clock}`;
      return [{ name, kind: 'expired', problem, todo: wayOutOfExpiry(name) }];
    }
    return [];
  });
}

/** Logs one line per certificate that needs attention; one that is not in force locks members out and is an error. */
export function logExpiry(
  certificates: readonly CertificateFile[],
  now: Date,
  logger: LoggerService,
): void {
  const faults = dateFaults(certificates, now);
  for (const { name, kind, problem, todo } of faults) {
    logger.error({ event: `certificate-${kind}`, certificate: name, problem, todo });
  }
  const inForce = certificates.filter(({ name }) => !faults.some((fault) => fault.name === name));
  for (const { name, expires, days } of expiryWarnings(inForce, now)) {
    const fields = { certificate: name, expires: expires.toISOString(), days };
    logger.warn({ event: 'certificate-expires-soon', ...fields });
  }
}

/** Nothing is replaced by itself: whoever has an expired certificate is believed by nobody who could be told. */
function wayOutOfExpiry(name: string): string {
  switch (name) {
    case 'server':
      return 'run microctl certificates renew here if this is the only member; otherwise remove this member on another one with microctl cluster remove --force, empty its state directory, and let it join again';
    case 'cluster':
      return 'run microctl certificates set cluster CERTIFICATE KEY if this is the only member; otherwise stop all daemons, put the same new cluster.crt and cluster.key into the state directory of every member, and start them';
    default:
      return `run microctl certificates set ${name} CERTIFICATE KEY`;
  }
}
