/** Which listener a connection or an injected request came in on. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { UNIX_LISTENER } from '../access/index.js';

/** One open listener, as requests see it. */
export interface ListenerIdentity {
  readonly name: string;
  /** `ip:port` it is bound to, or the path of a unix socket; empty until then. */
  address: string;
  /** Whether its connections are TLS. */
  readonly isTls: boolean;
  /** Aborts once the listener has stopped accepting: replies then tell the client to close. */
  readonly draining: AbortSignal;
}

/** What requests that never crossed a socket count as. */
export const INJECTED: ListenerIdentity = {
  name: UNIX_LISTENER,
  address: '',
  isTls: false,
  draining: new AbortController().signal,
};

const bySocket = new WeakMap<Duplex, ListenerIdentity>();
const byRequest = new WeakMap<IncomingMessage, ListenerIdentity>();

/** Marks every request that will come in on `socket`. */
export function markSocket(socket: Duplex, identity: ListenerIdentity): void {
  bySocket.set(socket, identity);
}

/** Marks one request that has no socket of ours. */
export function markRequest(request: IncomingMessage, identity: ListenerIdentity): void {
  byRequest.set(request, identity);
}

/** The listener of a request; `undefined` when it came in by none of ours. */
export function listenerOf(request: IncomingMessage): ListenerIdentity | undefined {
  return byRequest.get(request) ?? bySocket.get(request.socket);
}
