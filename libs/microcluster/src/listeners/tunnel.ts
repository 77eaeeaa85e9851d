/** The upgrade by which a member reaches the database node behind the Core API (`spec/core-api.md` 11.2). */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestContext } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { RequestTarget } from './request-target.js';

/** Path of the tunnel and of the schema notification. */
export const TUNNEL_PATH = '/core/internal/database';

/** Exactly what is written when the upgrade is granted over the network; nothing is over the socket. */
const UPGRADE_GRANTED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: dqlite\r\n\r\n';

/** An accepted tunnel: from here on the stream carries the dqlite wire protocol. */
export interface Tunnel {
  readonly socket: Duplex;
  /** Bytes that were read already and come first; usually none. */
  readonly head: Buffer;
  readonly context: RequestContext;
  /** PEM of the certificate the peer showed; `undefined` on the control socket. */
  readonly peerCertificate: string | undefined;
}

/** Takes over an accepted tunnel; it owns the socket from then on. */
export type OnTunnel = (tunnel: Tunnel) => void;

/** Whether the request asks for the tunnel, with or without `Connection: Upgrade`. */
export function isTunnelRequest(request: IncomingMessage, target: RequestTarget): boolean {
  return (
    request.method === 'POST' && target.path === TUNNEL_PATH && request.headers.upgrade === 'dqlite'
  );
}

/**
 * Checks the version header; the number itself is not compared.
 *
 * @throws MicroclusterError `INVALID_DQLITE_VERSION` (400)
 */
export function checkDqliteVersion(headers: IncomingHttpHeaders): void {
  const sent = headers['x-dqlite-version'];
  const version = Array.isArray(sent) ? sent.join(', ') : (sent ?? '0');
  if (!/^[+-]?\d{1,18}$/.test(version)) {
    throw new MicroclusterError('INVALID_DQLITE_VERSION', {
      reason: `"${version}" is not an integer`,
    });
  }
}

/**
 * Checks what the acceptor checks, in its order.
 *
 * @throws MicroclusterError with status 400
 */
export function checkTunnelHeaders(headers: IncomingHttpHeaders): void {
  checkDqliteVersion(headers);
  if (headers.upgrade !== 'dqlite') throw new MicroclusterError('INVALID_UPGRADE_HEADER', {});
}

/** Answers 101 where an answer is due and passes the stream on. */
export function grantTunnel(tunnel: Tunnel, isTls: boolean, onTunnel: OnTunnel): void {
  if (isTls) tunnel.socket.write(UPGRADE_GRANTED);
  onTunnel(tunnel);
}
