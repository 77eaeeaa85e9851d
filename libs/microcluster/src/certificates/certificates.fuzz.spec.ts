/** Certificates from strangers, joiners and operators: real ones after some edits of their DER or their PEM. */
import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated, mutatedText } from '../../../dqlite/src/fuzz/mutated.fixture.js';
import { isMicroclusterError } from '../errors/index.js';
import { trustEntry } from '../trust/trusted-member.js';
import { SAMPLE_CERTIFICATE } from '../types/certificate.fixture.js';
import { faultOf } from '../types/fault-of.fixture.js';
import { isInvalidValueError } from '../types/invalid-value-error.js';
import { certificateSchema } from '../types/scalars.js';
import { generateKeyPair } from './generate.js';
import {
  dnsNamesOf,
  expiryOf,
  fingerprintOf,
  isWithinValidity,
  keyPairFault,
  pemOfCertificate,
} from './inspect.js';
import { receivedAuthority } from './received-authority.js';
import { checkKeyPair, daysLeft } from './rotation/check-key-pair.js';

const NOW = new Date('2027-01-01T00:00:00Z');
const pair = await generateKeyPair({ commonName: 'a.test', now: NOW });
const keyText = pair.privateKey.split('\n')[1] ?? '';

const pems = [pair.certificate, SAMPLE_CERTIFICATE];
const ders = pems.map((pem) => new X509Certificate(pem).raw);
/** Tags and values of DER that stand for something in a certificate. */
const DER = ['\x30\x80', '\x17\r991231235959Z', '\x18\x0f00000101000000Z', '\x82\0', '\x86\x01,'];

const pem = fc.oneof(
  mutatedText(pems, ['-----BEGIN CERTIFICATE-----\n', '-----END CERTIFICATE-----\n', '=', '%']),
  mutated(ders, DER).map((der) => pemOf(der)),
  // Edits that keep every length are what gets past the parser.
  fc
    .tuple(fc.constantFrom(...ders), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))))
    .map(([der, edits]) => {
      const copy = Buffer.from(der);
      for (const [at, byte] of edits) copy[at % copy.length] = byte;
      return pemOf(copy);
    }),
);

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

describe('a damaged certificate', () => {
  it('is refused in a sentence, or every question about it has an answer', () => {
    fc.assert(
      fc.property(pem, (text) => {
        const parsed = certificateSchema.safeDecode(text);
        if (!parsed.success) {
          expect(faultOf(() => fingerprintOf(text))).toSatisfy(isInvalidValueError);
          return;
        }
        expect(fingerprintOf(text)).toMatch(/^[0-9a-f]{64}$/);
        expect(fingerprintOf(parsed.data)).toBe(fingerprintOf(text));
        expect(dnsNamesOf(text).every((name) => typeof name === 'string')).toBe(true);
        expect(isWithinValidity(text, NOW)).toBeTypeOf('boolean');
        expect(expiryOf(text)).toBeInstanceOf(Date);
        expect(daysLeft(text, NOW)).toBeTypeOf('number');
        expect(trustEntry({ name: 'a', address: '10.0.0.1:1', certificate: text }).name).toBe('a');
      }),
    );
  });

  it('is valid on no day when its dates cannot be read', () => {
    fc.assert(
      fc.property(pem, fc.date({ noInvalidDate: true }), (text, day) => {
        if (faultOf(() => fingerprintOf(text)) !== undefined) return;
        const isReadable = !Number.isNaN(expiryOf(text).getTime());
        expect(isReadable || !isWithinValidity(text, day)).toBe(true);
      }),
    );
  });

  it('replaces none in use, and what is said of it does not quote the key', () => {
    fc.assert(
      fc.property(pem, mutatedText([pair.privateKey]), fc.boolean(), (cert, key, intact) => {
        const sent = { cert, key: intact ? pair.privateKey : key, ca: '' };
        const fault = faultOf(() => checkKeyPair('cluster', sent, { names: 'dns', now: NOW }));
        if (fault === undefined) {
          expect(keyPairFault({ certificate: sent.cert, privateKey: sent.key })).toBeUndefined();
          expect(isWithinValidity(sent.cert, NOW)).toBe(true);
          return;
        }
        if (!isMicroclusterError(fault, 'BAD_REQUEST')) throw fault;
        expect(fault.message).not.toContain(keyText);
        expect(fault.message.length).toBeLessThan(1_000);
      }),
    );
  });

  it('of an authority is received as PEM or not at all', () => {
    const received = fc.oneof(
      pem,
      mutated(ders).map((der) => der.toString('latin1')),
    );
    fc.assert(
      fc.property(received, (text) => {
        expect(receivedAuthority(text) ?? '-----BEGIN').toMatch(/-----BEGIN/);
        expect(faultOf(() => pemOfCertificate(Buffer.from(text, 'latin1'))) ?? undefined).toSatisfy(
          (fault: unknown) => fault === undefined || isInvalidValueError(fault),
        );
      }),
    );
  });
});
