/** Throw-away self-signed certificates for tests. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsIdentity } from '../node-host.js';

/** A fresh P-384 key pair with a self-signed certificate for `name`, valid for ten days. */
export function selfSigned(name: string): TlsIdentity {
  const directory = mkdtempSync(join(tmpdir(), 'dqlite-cert-'));
  const key = join(directory, 'k.pem');
  const certificate = join(directory, 'c.pem');
  try {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:secp384r1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        certificate,
        '-days',
        '10',
        '-subj',
        `/CN=${name}`,
        '-addext',
        `subjectAltName=DNS:${name},IP:127.0.0.1`,
      ],
      { stdio: 'ignore' },
    );
    return {
      certificate: readFileSync(certificate, 'utf8'),
      privateKey: readFileSync(key, 'utf8'),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
