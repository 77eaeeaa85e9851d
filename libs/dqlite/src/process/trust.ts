/** Who may connect and who may be dialled, as pushed by the owner of the trust store. */
import { X509Certificate } from 'node:crypto';
import type { TunnelTrust } from '../node-host.js';
import {
  fingerprintOf,
  fingerprintOfPem,
  isWithinDates,
  type Fingerprint,
} from '../transport/certificates.js';

/** A trust list, parsed once. */
export class Trust {
  readonly source: TunnelTrust;
  readonly #peers: ReadonlySet<Fingerprint>;
  readonly #servers: ReadonlySet<Fingerprint>;

  /** @throws Error when a certificate cannot be parsed; nothing of the list is then used */
  constructor(source: TunnelTrust) {
    this.source = source;
    this.#peers = new Set(source.trustedPeers.map(fingerprintOfPem));
    this.#servers = new Set(source.trustedServers.map(fingerprintOfPem));
    // Parsed for the error only: a key pair that cannot be used must not replace one that can.
    for (const identity of [source.identity, source.serving]) {
      fingerprintOf(new X509Certificate(identity.certificate));
    }
  }

  /** Whether a connection that presented this certificate is accepted now. */
  accepts(certificate: X509Certificate, now: number = Date.now()): boolean {
    return this.#peers.has(fingerprintOf(certificate)) && isWithinDates(certificate, now);
  }

  trustsPeer(fingerprint: Fingerprint): boolean {
    return this.#peers.has(fingerprint);
  }

  trustsServer(fingerprint: Fingerprint): boolean {
    return this.#servers.has(fingerprint);
  }

  /** Whether everybody whom `earlier` accepted is still accepted. */
  keepsPeersOf(earlier: Trust): boolean {
    return [...earlier.#peers].every((peer) => this.#peers.has(peer));
  }
}
