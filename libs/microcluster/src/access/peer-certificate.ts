/** The certificate that the peer of a TLS connection showed, read once per connection. */
import { createHash, type X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { PresentedCertificate } from './decide-trust.js';

/** A presented certificate with its PEM. */
export interface PeerCertificate extends PresentedCertificate {
  readonly pem: string;
}

const known = new WeakMap<TLSSocket, PeerCertificate | undefined>();

/** The certificate of the other side of `socket`; `undefined` without TLS or when it showed none. */
export function peerCertificateOf(socket: Duplex): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const cached = known.get(socket);
  if (cached !== undefined) return cached;
  const x509 = socket.getPeerX509Certificate();
  const certificate = x509 === undefined ? undefined : describe(x509);
  known.set(socket, certificate);
  return certificate;
}

function describe(x509: X509Certificate): PeerCertificate {
  return {
    fingerprint: createHash('sha256').update(x509.raw).digest('hex'),
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
    pem: x509.toString(),
  };
}
