import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  certificateDer,
  dnsNamesOf,
  fingerprintOf,
  generateKeyPair,
  isWithinValidity,
  keyPairFault,
  loadKeyPair,
  loadOrGenerateKeyPair,
  pemOfCertificate,
  writeKeyPair,
} from './index.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'certificates-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('a generated key pair', () => {
  it('is what openssl expects of an EC certificate', async () => {
    const pair = await generateKeyPair({ commonName: 'member-1.example' });
    const file = path.join(directory, 'server.crt');
    await writeFile(file, pair.certificate);
    const run = promisify(execFile);
    const { stdout } = await run('openssl', ['x509', '-in', file, '-noout', '-text']);
    expect(stdout).toContain('Version: 3 (0x2)');
    expect(stdout).toContain('Signature Algorithm: ecdsa-with-SHA384');
    expect(stdout).toMatch(
      new RegExp(`Subject: O = LXD, CN = ${userInfo().username}@member-1.example`),
    );
    expect(stdout).toContain('ASN1 OID: secp384r1');
    expect(stdout).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(stdout).toMatch(/Extended Key Usage: \n?\s+TLS Web Server Authentication\n/);
    expect(stdout).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(stdout).toContain(
      'DNS:member-1.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    await expect(
      run('openssl', ['verify', '-partial_chain', '-trusted', file, file]),
    ).resolves.toMatchObject({ stdout: `${file}: OK\n` });
    await expect(
      run('openssl', ['asn1parse', '-strparse', '4', '-in', file]),
    ).resolves.toBeDefined();
  });

  it('has a SEC1 key that belongs to it and a valid signature', async () => {
    const pair = await generateKeyPair({ commonName: 'c1' });
    const certificate = new X509Certificate(pair.certificate);
    expect(pair.privateKey).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
    expect(certificate.checkPrivateKey(createPrivateKey(pair.privateKey))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(keyPairFault(pair)).toBeUndefined();
    expect(certificate.toString()).toBe(pair.certificate);
  });

  it('is valid from a minute ago for ten years of 365 days, also beyond 2050', async () => {
    const now = new Date('2045-06-01T12:00:00Z');
    const { certificate } = await generateKeyPair({ commonName: 'c1', now });
    const parsed = new X509Certificate(certificate);
    expect(new Date(parsed.validFrom)).toEqual(new Date('2045-06-01T11:59:00Z'));
    expect(new Date(parsed.validTo)).toEqual(new Date('2055-05-30T11:59:00Z'));
    expect(isWithinValidity(certificate, now)).toBe(true);
    expect(isWithinValidity(certificate, new Date('2045-06-01T11:58:59Z'))).toBe(false);
    expect(isWithinValidity(certificate, new Date('2055-05-30T11:59:01Z'))).toBe(false);
  });

  it('never repeats a serial number, and always writes it as DER wants', async () => {
    const pairs = await Promise.all(Array.from({ length: 64 }, () => generateKeyPair()));
    const serials = pairs.map((pair) => new X509Certificate(pair.certificate).serialNumber);
    expect(new Set(serials).size).toBe(64);
    expect(serials.every((serial) => /^[0-9A-F]{1,32}$/.test(serial))).toBe(true);
  });

  it('carries a TLS 1.3 handshake on both sides, pinned by its bytes', async () => {
    const [serving, identity] = await Promise.all([
      generateKeyPair({ commonName: 'cluster-name' }),
      generateKeyPair({ commonName: 'c2' }),
    ]);
    const server = tls.createServer({
      cert: serving.certificate,
      key: serving.privateKey,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const accepted = once(server, 'secureConnection');
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      ca: serving.certificate,
      servername: 'cluster-name',
      cert: identity.certificate,
      key: identity.privateKey,
      minVersion: 'TLSv1.3',
    });
    try {
      await once(socket, 'secureConnect');
      expect(socket.authorized).toBe(true);
      expect(socket.getPeerX509Certificate()?.raw).toEqual(certificateDer(serving.certificate));
      const [peer]: tls.TLSSocket[] = await accepted;
      expect(peer?.getPeerX509Certificate()?.raw).toEqual(certificateDer(identity.certificate));
      peer?.destroy();
    } finally {
      socket.destroy();
      server.close();
    }
  });
});

describe('reading certificates', () => {
  it('gives names, fingerprint and PEM of the bytes', async () => {
    const { certificate } = await generateKeyPair({ commonName: 'c1' });
    const der = certificateDer(certificate);
    const fingerprint = new X509Certificate(certificate).fingerprint256;
    expect(dnsNamesOf(certificate)).toEqual(['c1']);
    expect(fingerprintOf(certificate)).toBe(fingerprint.replaceAll(':', '').toLowerCase());
    expect(fingerprintOf(der)).toBe(fingerprintOf(certificate));
    expect(pemOfCertificate(der)).toBe(certificate);
  });

  it('is not fooled by a name that looks like two', async () => {
    const { certificate } = await generateKeyPair({ commonName: 'a, DNS:victim' });
    expect(dnsNamesOf(certificate)).toEqual(['a, DNS:victim']);
  });

  it('refuses what is no certificate with an error for the sender', () => {
    expect(() => fingerprintOf('nonsense')).toThrow('Failed to decode certificate');
  });

  it('tells a foreign key from a broken one, and never quotes it', async () => {
    const [a, b] = await Promise.all([generateKeyPair(), generateKeyPair()]);
    expect(keyPairFault({ ...a, privateKey: b.privateKey })).toMatch(/does not belong/);
    expect(keyPairFault({ ...a, privateKey: 'secret' })).toMatch(/^the private key is not/);
    expect(keyPairFault({ ...a, certificate: 'x' })).toMatch(/^the certificate is not/);
  });
});

describe('key pair files', () => {
  it('are generated once, with the key for the owner only', async () => {
    const first = await loadOrGenerateKeyPair(directory, 'server', 'c1');
    expect(await loadOrGenerateKeyPair(directory, 'server', 'other')).toEqual(first);
    expect((await stat(path.join(directory, 'server.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(directory, 'server.crt'))).mode & 0o777).toBe(0o644);
    expect((await readdir(directory)).toSorted()).toEqual(['server.crt', 'server.key']);
  });

  it.each(['server.crt', 'server.key'])(
    'are generated anew when %s is missing',
    async (missing) => {
      const first = await loadOrGenerateKeyPair(directory, 'server', 'c1');
      await rm(path.join(directory, missing));
      const second = await loadOrGenerateKeyPair(directory, 'server', 'c1');
      expect(second.certificate).not.toBe(first.certificate);
      expect(keyPairFault(second)).toBeUndefined();
    },
  );

  it('keep the old pair and refuse a pair that does not fit', async () => {
    const first = await loadOrGenerateKeyPair(directory, 'cluster', 'c1');
    const other = await generateKeyPair();
    await expect(
      writeKeyPair(directory, 'cluster', { ...other, privateKey: first.privateKey }),
    ).rejects.toMatchObject({ code: 'INVALID_KEY_PAIR', status: 400 });
    expect(await loadKeyPair(directory, 'cluster')).toEqual(first);
  });

  it('finish a replacement that a crash interrupted after the key', async () => {
    await loadOrGenerateKeyPair(directory, 'cluster', 'c1');
    const next = { ...(await generateKeyPair()), ca: 'chain' };
    await writeFile(path.join(directory, '.cluster.pair'), JSON.stringify(next));
    await writeFile(path.join(directory, 'cluster.key'), next.privateKey);
    expect(await loadKeyPair(directory, 'cluster')).toEqual(next);
    expect((await readdir(directory)).toSorted()).toEqual([
      'cluster.ca',
      'cluster.crt',
      'cluster.key',
    ]);
  });

  it('say which files do not fit together', async () => {
    await loadOrGenerateKeyPair(directory, 'server', 'c1');
    await writeFile(path.join(directory, 'server.key'), (await generateKeyPair()).privateKey);
    await expect(loadKeyPair(directory, 'server')).rejects.toThrow(
      `the private key does not belong to the certificate (files server.crt and server.key in ${directory})`,
    );
    expect(await readFile(path.join(directory, 'server.crt'), 'utf8')).toContain('CERTIFICATE');
  });
});
