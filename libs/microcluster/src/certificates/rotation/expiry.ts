/** Warns in the log before a certificate ends. */
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

/** One certificate that needs attention. */
export interface ExpiryWarning {
  readonly name: string;
  readonly expires: Date;
  /** Whole days until then; negative when it has ended. */
  readonly days: number;
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

/** Logs one line per certificate that needs attention; an expired one locks members out and is an error. */
export function logExpiry(
  certificates: readonly NamedCertificate[],
  now: Date,
  logger: LoggerService,
): void {
  for (const { name, expires, days } of expiryWarnings(certificates, now)) {
    const fields = { certificate: name, expires: expires.toISOString(), days };
    if (expires <= now) logger.error({ event: 'certificate-expired', ...fields });
    else logger.warn({ event: 'certificate-expires-soon', ...fields });
  }
}
