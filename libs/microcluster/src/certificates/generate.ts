/** Making self-signed certificates: ASN.1 by node-forge, keys and signatures by Node's crypto (`spec/core-api.md` 4.5). */
import { generateKeyPair as generateKeys, randomBytes, sign, type KeyObject } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { promisify } from 'node:util';
import forge from 'node-forge';

const { asn1, pki, util } = forge;

/** A certificate and its private key, PEM; `ca` is the chain that the certificate may come with. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca?: string;
}

/** What goes into a generated certificate. */
export interface CertificateRequest {
  /** DNS name of the certificate, and the tail of its CN. Default: the host name. */
  readonly commonName?: string;
  /** The moment from which the dates are counted. Default: the clock. */
  readonly now?: Date;
}

const ECDSA_WITH_SHA384 = '1.2.840.10045.4.3.3';
/** 127.0.0.1 and ::1 in network order. */
const LOOPBACK_IPV4 = '\x7f\0\0\x01';
const LOOPBACK_IPV6 = '\0'.repeat(15) + '\x01';
const MINUTE_MS = 60_000;
const TEN_YEARS_MS = 10 * 365 * 24 * 60 * MINUTE_MS;
/** X.509 writes years from here on as GeneralizedTime. */
const FIRST_GENERALIZED_YEAR = 2050;

/** Makes a P-384 key pair with a self-signed certificate, valid from a minute ago for ten years. */
export async function generateKeyPair(request: CertificateRequest = {}): Promise<KeyPair> {
  const { publicKey, privateKey } = await promisify(generateKeys)('ec', { namedCurve: 'P-384' });
  const toBeSigned = describeCertificate(publicKey, request);
  const signature = sign('sha384', derOf(toBeSigned), privateKey);
  const certificate = sequence([
    toBeSigned,
    signatureAlgorithm(),
    // The leading octet counts unused bits.
    primitive(asn1.Type.BITSTRING, `\0${signature.toString('binary')}`),
  ]);
  return {
    certificate: pemBlock('CERTIFICATE', derOf(certificate)),
    privateKey: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
  };
}

/** The TBSCertificate structure. */
function describeCertificate(publicKey: KeyObject, request: CertificateRequest): forge.asn1.Asn1 {
  const name = request.commonName ?? hostname();
  const notBefore = new Date((request.now ?? new Date()).getTime() - MINUTE_MS);
  const notAfter = new Date(notBefore.getTime() + TEN_YEARS_MS);
  const subject = sequence([
    attribute(pki.oids['organizationName'], asn1.Type.PRINTABLESTRING, 'LXD'),
    attribute(pki.oids['commonName'], asn1.Type.UTF8, util.encodeUtf8(`${userName()}@${name}`)),
  ]);
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  return sequence([
    context(0, [primitive(asn1.Type.INTEGER, asn1.integerToDer(2).getBytes())]),
    primitive(asn1.Type.INTEGER, serialNumber()),
    signatureAlgorithm(),
    subject,
    sequence([timeOf(notBefore), timeOf(notAfter)]),
    subject,
    asn1.fromDer(publicKeyInfo.toString('binary')),
    context(3, [sequence(extensions(name))]),
  ]);
}

/** Key usage, extended key usage, basic constraints and alternative names, in Go's order. */
function extensions(name: string): forge.asn1.Asn1[] {
  return [
    // Bits 0 (digital signature) and 2 (key encipherment); the first octet counts unused bits.
    extension(pki.oids['keyUsage'], true, primitive(asn1.Type.BITSTRING, '\x05\xa0')),
    extension(pki.oids['extKeyUsage'], false, sequence([objectId(pki.oids['serverAuth'])])),
    // CA:FALSE is the default, which DER leaves out.
    extension(pki.oids['basicConstraints'], true, sequence([])),
    extension(
      pki.oids['subjectAltName'],
      false,
      sequence([
        alternativeName(2, util.encodeUtf8(name)),
        alternativeName(7, LOOPBACK_IPV4),
        alternativeName(7, LOOPBACK_IPV6),
      ]),
    ),
  ];
}

function extension(id: string | undefined, critical: boolean, value: forge.asn1.Asn1) {
  const flag = critical ? [primitive(asn1.Type.BOOLEAN, '\xff')] : [];
  const content = primitive(asn1.Type.OCTETSTRING, asn1.toDer(value).getBytes());
  return sequence([objectId(id), ...flag, content]);
}

function attribute(id: string | undefined, type: forge.asn1.Type, value: string) {
  const pair = sequence([objectId(id), primitive(type, value)]);
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [pair]);
}

function alternativeName(tag: number, value: string): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, value);
}

function objectId(id: string | undefined): forge.asn1.Asn1 {
  if (id === undefined) throw new TypeError('node-forge does not know this object identifier');
  return primitive(asn1.Type.OID, asn1.oidToDer(id).getBytes());
}

/** A random positive integer of 128 bits in its shortest form. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  return (Number(digits[0]) & 0x80 ? '\0' : '') + digits.toString('binary');
}

function signatureAlgorithm(): forge.asn1.Asn1 {
  return sequence([objectId(ECDSA_WITH_SHA384)]);
}

function timeOf(date: Date): forge.asn1.Asn1 {
  return date.getUTCFullYear() < FIRST_GENERALIZED_YEAR
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

function sequence(items: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, items);
}

function context(tag: number, items: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, items);
}

function primitive(type: forge.asn1.Type, value: string): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, value);
}

function derOf(node: forge.asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'binary');
}

function pemBlock(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The unix user of this process; accounts without a name are `UNKNOWN`. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'UNKNOWN';
  }
}
