/** What comes first on a connection, from a stranger who dials us or a peer whom we dial. */
import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated } from '../fuzz/mutated.fixture.js';
import { Trust } from '../process/trust.js';
import { selfSigned } from './certificates.fixture.js';
import { fingerprintOf, firstDnsName, isWithinDates } from './certificates.js';
import { ClientHelloReader } from './client-hello.js';
import { DQLITE_ALPN, parseUpgradeAnswer, UPGRADE_ACCEPTED } from './upgrade.js';

const MAX_HELLO = 16_384;
const MAX_ANSWER = 16_384;

/** A ClientHello with the extensions that lead to the protocols and the protocols themselves. */
function helloOf(protocols: readonly string[]): Buffer {
  const names = protocols.flatMap((name) => [vector(1, Buffer.from(name))]);
  const alpn = vector(2, vector(2, Buffer.concat(names)));
  const serverName = vector(2, vector(2, Buffer.from('\0\0\x06a.test', 'latin1')));
  const extensions = Buffer.concat([Buffer.from([0, 0]), serverName, Buffer.from([0, 16]), alpn]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 8)),
    vector(2, Buffer.from([0x13, 1, 0x13, 2])),
    vector(1, Buffer.from([0])),
    vector(2, extensions),
  ]);
  const message = Buffer.concat([Buffer.from([1]), vector(3, body)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(2, message)]);
}

/** The bytes with their length before them. */
function vector(lengthBytes: number, bytes: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(bytes.length, 0, lengthBytes);
  return Buffer.concat([length, bytes]);
}

/** Cuts the bytes at some of the places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length];
  const sorted = at.toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

const hello = helloOf([DQLITE_ALPN, 'http/1.1']);

describe('a damaged ClientHello', () => {
  it('is read with every byte kept, waited for, or refused for its length', () => {
    expect(new ClientHelloReader().push(hello)?.alpn).toEqual([DQLITE_ALPN, 'http/1.1']);
    fc.assert(
      fc.property(mutated([hello]), fc.array(fc.nat(), { maxLength: 5 }), (bytes, places) => {
        const reader = new ClientHelloReader(MAX_HELLO);
        let sent = Buffer.alloc(0);
        for (const segment of cut(bytes, places)) {
          sent = Buffer.concat([sent, segment]);
          try {
            const read = reader.push(segment);
            if (read === undefined) continue;
            expect(read.head.equals(sent)).toBe(true);
            expect(read.alpn.every((name) => name.length < 256)).toBe(true);
            return;
          } catch (error) {
            expect(String(error)).toMatch(/longer than 16384 bytes/);
            expect(sent.length).toBeGreaterThanOrEqual(MAX_HELLO);
            return;
          }
        }
        // Whoever waits for more has not been sent too much.
        expect(sent.length).toBeLessThan(MAX_HELLO);
      }),
    );
  });
});

describe('a damaged answer to an upgrade', () => {
  it('is an answer that grants it, none yet, or an error, and never read without end', () => {
    const words = ['HTTP/1.1 ', '101', '200', '426', '\r\n\r\n', 'Upgrade: dqlite\r\n'];
    fc.assert(
      fc.property(mutated([UPGRADE_ACCEPTED], words), (bytes) => {
        let length: number | undefined;
        try {
          length = parseUpgradeAnswer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        if (length === undefined) {
          expect(bytes.length).toBeLessThanOrEqual(MAX_ANSWER);
          expect(bytes.includes('\r\n\r\n')).toBe(false);
          return;
        }
        const head = bytes.subarray(0, length).toString('latin1');
        expect(head).toMatch(/^HTTP\/1\.[01] 101[ \r]/);
        expect(head).toMatch(/upgrade:\s*dqlite/i);
      }),
    );
  });
});

describe('a damaged certificate', () => {
  it('is trusted only while it is the one in the list, and within its dates', () => {
    const own = selfSigned('own.test');
    const peer = selfSigned('peer.test');
    const trust = new Trust({
      identity: own,
      serving: own,
      trustedServers: [own.certificate],
      trustedPeers: [peer.certificate],
    });
    const der = new X509Certificate(peer.certificate).raw;
    const edited = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 });
    fc.assert(
      fc.property(edited, (edits) => {
        const copy = Buffer.from(der);
        for (const [at, byte] of edits) copy[at % copy.length] = byte;
        let certificate: X509Certificate;
        try {
          certificate = new X509Certificate(copy);
        } catch {
          return;
        }
        expect(fingerprintOf(certificate)).toMatch(/^[0-9a-f]{64}$/);
        expect(firstDnsName(certificate) ?? '').toBeTypeOf('string');
        expect(isWithinDates(certificate)).toBeTypeOf('boolean');
        expect(trust.accepts(certificate)).toBe(copy.equals(der));
      }),
    );
  });
});
