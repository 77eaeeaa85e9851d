/** What the transport needs to know of a certificate: its fingerprint, its name, its dates. */
import { X509Certificate } from 'node:crypto';

/** Lower-case hexadecimal SHA-256 of the DER form. */
export type Fingerprint = string;

/** Fingerprint of a certificate given as DER or as parsed. */
export function fingerprintOf(certificate: X509Certificate): Fingerprint {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Fingerprint of a PEM certificate. @throws when it cannot be parsed */
export function fingerprintOfPem(pem: string): Fingerprint {
  return fingerprintOf(new X509Certificate(pem));
}

/** Whether `now` (milliseconds since 1970) is within the dates of the certificate. */
export function isWithinDates(certificate: X509Certificate, now: number = Date.now()): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

/** The first DNS name in the subject alternative names; undefined when there is none. */
export function firstDnsName(certificate: X509Certificate): string | undefined {
  return /(?:^|, )DNS:(?<name>[^,"]+)/.exec(certificate.subjectAltName ?? '')?.groups?.['name'];
}
