/** Tests of the trust list: fingerprints, dates, and what counts as a withdrawal. */
import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TlsIdentity } from '../node-host.js';
import { selfSigned } from '../transport/certificates.fixture.js';
import { Trust } from './trust.js';

const DAY_MS = 86_400_000;

describe('Trust', () => {
  let one: TlsIdentity;
  let two: TlsIdentity;
  let cluster: TlsIdentity;

  beforeAll(() => {
    one = selfSigned('one');
    two = selfSigned('two');
    cluster = selfSigned('cluster');
  });

  const trusting = (...peers: TlsIdentity[]) =>
    new Trust({
      identity: one,
      serving: cluster,
      trustedServers: [cluster.certificate],
      trustedPeers: peers.map((peer) => peer.certificate),
    });

  it('accepts those on the list, by fingerprint', () => {
    const trust = trusting(one);

    expect(trust.accepts(new X509Certificate(one.certificate))).toBe(true);
    expect(trust.accepts(new X509Certificate(two.certificate))).toBe(false);
  });

  it('accepts nobody before or after the dates of his certificate', () => {
    const trust = trusting(one);
    const certificate = new X509Certificate(one.certificate);
    const now = Date.now();

    expect(trust.accepts(certificate, now - DAY_MS)).toBe(false);
    expect(trust.accepts(certificate, now + 9 * DAY_MS)).toBe(true);
    expect(trust.accepts(certificate, now + 11 * DAY_MS)).toBe(false);
  });

  it('knows a withdrawal from an addition', () => {
    expect(trusting(one, two).keepsPeersOf(trusting(one))).toBe(true);
    expect(trusting(two).keepsPeersOf(trusting(one, two))).toBe(false);
  });
});
