/** Reading certificates: DER, fingerprint, names, validity, and whether a key belongs to one. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { InvalidValueError } from '../types/invalid-value-error.js';

/**
 * The DER bytes of the first certificate in a PEM text.
 *
 * @throws InvalidValueError when there is none
 */
export function certificateDer(pem: string): Buffer {
  return parseCertificate(pem).raw;
}

/** Lower-case hex SHA-256 of the DER, the name of a certificate everywhere (`spec/core-api.md` 4.5). */
export function fingerprintOf(certificate: string | Buffer): string {
  const der = typeof certificate === 'string' ? certificateDer(certificate) : certificate;
  return createHash('sha256').update(der).digest('hex');
}

/** Whether two PEM texts begin with the same certificate, whatever else they hold and however it is written. */
export function isSameCertificate(one: string, other: string): boolean {
  return fingerprintOf(one) === fingerprintOf(other);
}

/** The DNS names of the subject alternative name extension, in their order. */
export function dnsNamesOf(pem: string): string[] {
  return splitAlternativeNames(parseCertificate(pem).subjectAltName ?? '').flatMap((entry) =>
    entry.startsWith('DNS:') ? [unquote(entry.slice('DNS:'.length))] : [],
  );
}

/** Whether `now` lies within the certificate's dates, both inclusive. */
export function isWithinValidity(certificate: string | Buffer, now: Date = new Date()): boolean {
  const parsed = parseCertificate(certificate);
  return (
    Date.parse(parsed.validFrom) <= now.getTime() && now.getTime() <= Date.parse(parsed.validTo)
  );
}

/** When the certificate ends. */
export function expiryOf(pem: string): Date {
  return new Date(parseCertificate(pem).validTo);
}

/**
 * Why a certificate and a private key cannot be used together.
 *
 * @returns undefined when they can
 */
export function keyPairFault(pair: {
  readonly certificate: string;
  readonly privateKey: string;
}): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = parseCertificate(pair.certificate);
  } catch {
    return 'the certificate is not an X.509 certificate in PEM';
  }
  try {
    return certificate.checkPrivateKey(createPrivateKey(pair.privateKey))
      ? undefined
      : 'the private key does not belong to the certificate';
  } catch {
    // The parser's own text may quote the key.
    return 'the private key is not an unencrypted key in PEM';
  }
}

/** A DER certificate as PEM, 64 columns, with a trailing newline. */
export function pemOfCertificate(der: Buffer): string {
  return parseCertificate(der).toString();
}

function parseCertificate(certificate: string | Buffer): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new InvalidValueError(
      'Failed to decode certificate: send one X.509 certificate as PEM.',
      { cause },
    );
  }
}

/** Splits Node's `DNS:a, IP Address:b` text; names with odd characters come as JSON strings. */
function splitAlternativeNames(text: string): string[] {
  return text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g)?.map((entry) => entry.trim()) ?? [];
}

function unquote(name: string): string {
  if (!name.startsWith('"')) return name;
  const value: unknown = JSON.parse(name);
  return typeof value === 'string' ? value : name;
}
