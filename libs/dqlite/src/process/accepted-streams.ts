/** Streams that somebody else accepted and authenticated for us: joined to the engine until their trust ends. */
import { timeLimit } from '../time-limit.js';
import type { Duplex } from 'node:stream';
import type { TunnelTrust } from '../node-host.js';
import { fingerprintOfPem, type Fingerprint } from '../transport/certificates.js';
import { Connections } from './connections.js';

/** Longest wait for the engine. */
const DIAL_MS = 10_000;

export class AcceptedStreams {
  readonly #connections = new Connections<Fingerprint>();
  readonly #dial: (signal: AbortSignal) => Promise<Duplex>;
  #trusted: ReadonlySet<Fingerprint> = new Set();

  /** @param dial opens a stream to the engine */
  constructor(dial: (signal: AbortSignal) => Promise<Duplex>) {
    this.#dial = dial;
  }

  /** Joins `stream` to the engine; closes it when its certificate is not trusted or no engine runs. */
  accept(stream: Duplex, peerCertificate: string): void {
    stream.on('error', () => stream.destroy());
    stream.pause();
    void this.#join(stream, peerCertificate);
  }

  /** Replaces the trusted peers and ends the streams of all others. */
  setTrust(trust: TunnelTrust | undefined): void {
    this.#trusted = new Set(trust?.trustedPeers.map(fingerprintOfPem));
    this.#connections.cut((fingerprint) => !this.#trusted.has(fingerprint));
  }

  closeAll(): void {
    this.#connections.cut(() => true);
  }

  async #join(stream: Duplex, peerCertificate: string): Promise<void> {
    try {
      const fingerprint = fingerprintOfPem(peerCertificate);
      const engine = await this.#dial(timeLimit(DIAL_MS));
      if (!this.#trusted.has(fingerprint) || stream.destroyed) {
        engine.destroy();
        stream.destroy();
        return;
      }
      this.#connections.join(fingerprint, stream, engine);
    } catch {
      stream.destroy();
    }
  }
}
