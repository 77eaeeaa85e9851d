/** Hands a tunnel that was granted on the Core API to the engine (`spec/core-api.md` 11.2). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { Duplex } from 'node:stream';
import { splice } from '@microcluster/dqlite';
import type { OpenEngine } from './engine-runtime.js';

/** How long reaching the local engine may take, milliseconds. */
const DIAL_LIMIT = 10_000;

/** A granted tunnel. */
export interface GrantedTunnel {
  readonly socket: Duplex;
  /** Bytes that were read with the request's head. */
  readonly head: Buffer;
  /** PEM of the caller's certificate; `undefined` on the control socket, where it needs none. */
  readonly peerCertificate: string | undefined;
}

/** Connects the tunnel to the engine; it ends with the engine, or when the peer loses trust. */
export async function acceptTunnel(engine: OpenEngine, tunnel: GrantedTunnel): Promise<void> {
  const { socket, head, peerCertificate } = tunnel;
  if (head.length > 0) {
    socket.unshift(head);
  }
  if (peerCertificate !== undefined) {
    engine.acceptStream(socket, peerCertificate);
    return;
  }
  try {
    splice(socket, await engine.dialLocal(timeLimit(DIAL_LIMIT)));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
