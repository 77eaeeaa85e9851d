/** Works out the context of a request from its connection and headers. */
import type { IncomingMessage } from 'node:http';
import {
  CORE_LISTENER,
  NOTIFIER_USER_AGENT,
  PRE_INIT_LISTENER,
  decideTrust,
  peerCertificateOf,
  type DaemonView,
  type RequestContext,
} from '../access/index.js';
import { Address } from '../types/address.js';
import { assumedCallerOf } from './assumed-caller.js';
import type { ListenerIdentity } from './listener-identity.js';
import type { RequestTarget } from './request-target.js';

/** The context of `request`, which came in on `listener` (`spec/core-api.md` 7.1 and 7.3). */
export function establishContext(
  request: IncomingMessage,
  target: RequestTarget,
  listener: ListenerIdentity,
  view: DaemonView,
): RequestContext {
  const certificate = listener.isTls ? peerCertificateOf(request.socket) : undefined;
  const { trusted, peer } =
    assumedCallerOf(request) ??
    decideTrust({
      listener: listener.name,
      host: target.authority ?? request.headers.host,
      ownAddresses: [view.address(), ...additionalAddresses(request, listener)],
      certificate,
      now: new Date(),
      preInitTrustsEverybody: view.preInitTrustsEverybody(),
      trustedMember: (fingerprint) => view.trustedMember(fingerprint),
    });
  return {
    listener: listener.name,
    trusted,
    isNotification: trusted && request.headers['user-agent'] === NOTIFIER_USER_AGENT,
    ...(peer !== undefined && { peer }),
    ...(certificate !== undefined && { peerCertificate: certificate.pem }),
  };
}

/**
 * A server with an address of its own is also called by that one: by the address that the connection was
 * made to where it listens on all of them. The Core API listener is called by the daemon's address alone.
 */
function additionalAddresses(request: IncomingMessage, listener: ListenerIdentity): string[] {
  if (listener.name === CORE_LISTENER || listener.name === PRE_INIT_LISTENER) return [];
  const address = Address.tryParse(listener.address);
  if (address === undefined) return [];
  if (address.ip !== '0.0.0.0' && address.ip !== '::') return [listener.address];
  const local = request.socket.localAddress?.replace(/^::ffff:/, '');
  if (local === undefined) return [];
  return [local.includes(':') ? `[${local}]:${address.port}` : `${local}:${address.port}`];
}
