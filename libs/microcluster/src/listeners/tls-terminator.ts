/** The TLS side of a listener: recognises database peers, shakes hands, swaps certificates. */
import { constants } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, createSecureContext, type SecureContext } from 'node:tls';
import { DQLITE_ALPN, readClientHello } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/index.js';
import type { ListenerLimits } from './listener-limits.js';

/** A certificate (PEM, leaf first) and its key. */
export interface ListenerKeyPair {
  readonly certificate: string;
  readonly privateKey: string;
  /** Certificates offered to clients as acceptable issuers; nothing is verified by them. */
  readonly ca?: string | undefined;
}

/** What becomes of an accepted TCP connection. */
export interface TlsOutcome {
  /** The handshake is complete; requests follow. */
  onSecure(raw: Socket, secure: TLSSocket): void;
  /** The peer wants the database node; its TLS has not begun. `undefined` treats it like any other. */
  onDqlite: ((raw: Socket, head: Buffer) => void) | undefined;
}

/** Terminates TLS 1.3, asking for a client certificate without verifying it (`spec/core-api.md` 4.3). */
export class TlsTerminator {
  private context: SecureContext;

  /** @throws MicroclusterError `INVALID_KEY_PAIR` when the pair cannot be used */
  constructor(
    private readonly name: string,
    keyPair: ListenerKeyPair,
    private readonly http: HttpServer,
    private readonly limits: ListenerLimits,
    private readonly outcome: TlsOutcome,
  ) {
    this.context = secureContext(name, keyPair);
  }

  /**
   * Shows another certificate from the next handshake on; established connections keep theirs.
   *
   * @throws MicroclusterError `INVALID_KEY_PAIR`; the pair in use then stays
   */
  setKeyPair(keyPair: ListenerKeyPair): void {
    this.context = secureContext(this.name, keyPair);
  }

  /** Takes an accepted connection as far as its handshake; destroys it when that fails. */
  async accept(raw: Socket): Promise<void> {
    try {
      const { alpn, head } = await readClientHello(raw, {
        deadlineMs: this.limits.clientHelloTimeoutMs,
      });
      const { onDqlite } = this.outcome;
      if (onDqlite !== undefined && alpn.includes(DQLITE_ALPN)) {
        onDqlite(raw, head);
        return;
      }
      raw.unshift(head);
      this.shakeHands(raw);
    } catch {
      // A probe, a scanner or a slow client: nothing that an operator could act on.
      raw.destroy();
    }
  }

  private shakeHands(raw: Socket): void {
    const secure = new TLSSocket(raw, {
      isServer: true,
      server: this.http,
      secureContext: this.context,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    const deadline = setTimeout(() => {
      raw.destroy();
    }, this.limits.handshakeTimeoutMs);
    const give = () => {
      clearTimeout(deadline);
      raw.destroy();
    };
    raw.once('close', () => {
      clearTimeout(deadline);
    });
    // Failures of a server-side handshake, and later ones of the record layer, come here.
    secure.on('_tlsError', give);
    secure.on('error', give);
    secure.once('secure', () => {
      clearTimeout(deadline);
      this.outcome.onSecure(raw, secure);
    });
  }
}

function secureContext(name: string, keyPair: ListenerKeyPair): SecureContext {
  try {
    return createSecureContext({
      cert: keyPair.certificate,
      key: keyPair.privateKey,
      ...(keyPair.ca !== undefined && keyPair.ca !== '' && { ca: keyPair.ca }),
      minVersion: 'TLSv1.3',
      // No resumption: each connection shows its certificate anew.
      secureOptions: constants.SSL_OP_NO_TICKET,
      sessionIdContext: 'microcluster',
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MicroclusterError('INVALID_KEY_PAIR', { name, reason }, { cause });
  }
}
