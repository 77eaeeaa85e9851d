/** Who is trusted, by `spec/core-api.md` 7.1. */
import { describe, expect, it } from 'vitest';
import { decideTrust, type TrustInput } from './decide-trust.js';

const now = new Date('2026-06-01T12:00:00Z');
const certificate = {
  fingerprint: 'aa',
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2027-01-01T00:00:00Z'),
};
const member: TrustInput = {
  listener: 'core',
  host: '10.0.0.1:8443',
  ownAddresses: ['10.0.0.1:8443'],
  certificate,
  now,
  preInitTrustsEverybody: false,
  trustedMember: (fingerprint) =>
    fingerprint === 'aa' ? { name: 'c2', address: '10.0.0.2:8443' } : undefined,
};

describe('decideTrust', () => {
  it.each<[string, Partial<TrustInput>, boolean]>([
    ['a member', {}, true],
    ['the control socket', { listener: 'unix', host: undefined, certificate: undefined }, true],
    ['nobody without a certificate', { certificate: undefined }, false],
    [
      'nobody with an unknown certificate',
      { certificate: { ...certificate, fingerprint: 'bb' } },
      false,
    ],
    ['no expired certificate', { now: new Date('2027-01-01T00:00:01Z') }, false],
    ['no certificate of the future', { now: new Date('2025-12-31T23:59:59Z') }, false],
    [
      'no certificate whose dates make no sense',
      { certificate: { ...certificate, notAfter: new Date(Number.NaN) } },
      false,
    ],
    ['nobody who calls another name', { host: 'localhost:8443' }, false],
    ['nobody who calls another port', { host: '10.0.0.1:8444' }, false],
    ['nobody without a Host header', { host: undefined }, false],
    ['nobody while the daemon has no address', { ownAddresses: [''], host: '' }, false],
    [
      'another spelling of an IPv6 address, without its zone',
      { host: '[FE80:0::1]:8443', ownAddresses: ['[fe80::1%eth0]:8443'] },
      true,
    ],
    ['a second address of the daemon', { ownAddresses: ['10.0.0.9:1', '10.0.0.1:8443'] }, true],
    [
      'everybody on the pre-init listener while it does so',
      { listener: 'pre-init', preInitTrustsEverybody: true, certificate: undefined, host: 'x' },
      true,
    ],
    [
      'no stranger on a pre-init listener that does not',
      { listener: 'pre-init', certificate: undefined },
      false,
    ],
    [
      'no stranger on another listener while the pre-init one trusts everybody',
      { preInitTrustsEverybody: true, certificate: undefined },
      false,
    ],
  ])('trusts %s', (_what, changes, trusted) => {
    expect(decideTrust({ ...member, ...changes }).trusted).toBe(trusted);
  });

  it('says which member it is', () => {
    expect(decideTrust(member).peer).toEqual({
      name: 'c2',
      address: '10.0.0.2:8443',
      fingerprint: 'aa',
    });
  });
});
