/** Takes over raw TCP sockets that offered our ALPN name: TLS, trust, then bytes to the engine. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { fingerprintOf } from '../transport/certificates.js';
import { contextOf } from '../transport/dial.js';
import { DQLITE_ALPN } from '../transport/upgrade.js';
import { Connections } from './connections.js';
import { openEngineForPeer } from './engine-port.js';
import type { Trust } from './trust.js';

/** Longest wait for the rest of a TLS handshake. */
const HANDSHAKE_MS = 10_000;
/**
 * Strangers can make us start handshakes; no more than this many at once. One more ends the oldest: to refuse
 * the newest would let silent strangers lock out the members.
 */
const MAX_HANDSHAKES = 128;

/** The way in of a node in `tunnel` mode. */
export class InboundGate {
  /** By the fingerprint of the peer's certificate. */
  readonly connections = new Connections<string>();
  readonly #bindAddress: () => string;
  readonly #handshakes = new Set<TLSSocket>();
  #trust: Trust;
  #isOpen = true;

  constructor(trust: Trust, bindAddress: () => string) {
    this.#trust = trust;
    this.#bindAddress = bindAddress;
  }

  /** Who is accepted from now on; does not look at connections that exist. */
  set trust(trust: Trust) {
    this.#trust = trust;
  }

  /** @param head what was already read from the socket */
  accept(socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!this.#isOpen) {
      socket.destroy();
      return;
    }
    this.#makeRoom();
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 3_000);
    if (head.length > 0) socket.unshift(head);
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: contextOf(this.#trust.source.serving),
      requestCert: true,
      // Judged below by fingerprint, never by chain.
      rejectUnauthorized: false,
      ALPNProtocols: [DQLITE_ALPN],
    });
    this.#handshakes.add(secure);
    const timer = setTimeout(() => secure.destroy(), HANDSHAKE_MS);
    secure.on('error', () => secure.destroy());
    secure.once('close', () => {
      clearTimeout(timer);
      this.#handshakes.delete(secure);
    });
    secure.once('secure', () => {
      clearTimeout(timer);
      this.#handshakes.delete(secure);
      this.#admit(secure);
    });
  }

  /** Refuses everybody from now on, and ends what is under way or carried. */
  close(): void {
    this.#isOpen = false;
    for (const secure of this.#handshakes) secure.destroy();
    this.connections.cut(() => true);
  }

  #makeRoom(): void {
    const [oldest] = this.#handshakes;
    if (oldest === undefined || this.#handshakes.size < MAX_HANDSHAKES) return;
    this.#handshakes.delete(oldest);
    oldest.destroy();
  }

  #admit(secure: TLSSocket): void {
    const certificate = secure.getPeerX509Certificate();
    const isAdmitted =
      this.#isOpen &&
      secure.alpnProtocol === DQLITE_ALPN &&
      certificate !== undefined &&
      this.#trust.accepts(certificate);
    if (!isAdmitted) {
      secure.destroy();
      return;
    }
    try {
      const engine = openEngineForPeer(this.#bindAddress());
      this.connections.join(fingerprintOf(certificate), secure, engine);
    } catch {
      // The engine does not listen: it is starting or stopping. The peer dials again.
      secure.destroy();
    }
  }
}
