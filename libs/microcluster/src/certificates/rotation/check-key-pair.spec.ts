import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../types/fault-of.fixture.js';
import { generateKeyPair } from '../generate.js';
import { checkKeyPair, wireOf } from './check-key-pair.js';

const now = new Date('2026-06-01T00:00:00Z');
const demands = { names: 'dns', now } as const;

describe('checkKeyPair', () => {
  it('accepts a pair that can be used, and drops an empty CA', async () => {
    const pair = await generateKeyPair({ commonName: 'c1', now });
    expect(checkKeyPair('cluster', wireOf(pair), demands)).toEqual(pair);
    const withCa = { ...wireOf(pair), ca: pair.certificate };
    expect(checkKeyPair('cluster', withCa, demands).ca).toBe(pair.certificate);
  });

  it('refuses what is not in force, by the same clock', async () => {
    const wire = wireOf(await generateKeyPair({ commonName: 'c1', now }));
    for (const moment of ['2026-05-31T23:58:00Z', '2036-06-01T00:00:00Z']) {
      const then = { ...demands, now: new Date(moment) };
      expect(() => checkKeyPair('cluster', wire, then)).toThrow(
        'Failed to load TLS certificate "cluster": it is valid from',
      );
    }
  });

  it('never quotes the key', async () => {
    const wire = wireOf(await generateKeyPair({ commonName: 'c1', now }));
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const secret = privateKey.split('\n')[3] ?? '';
    for (const key of [privateKey, `-----BEGIN X-----\n${secret}\n-----END X-----`]) {
      const fault = String(faultOf(() => checkKeyPair('cluster', { ...wire, key }, demands)));
      expect(fault).toContain('Failed to load TLS certificate "cluster"');
      expect(fault).not.toContain(secret);
    }
  });
});
