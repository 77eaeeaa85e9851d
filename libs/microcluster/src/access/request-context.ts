/** What is known about a request before any handler sees it: where it came in and who sent it. */
import type { IncomingMessage } from 'node:http';
import type { TrustedPeer } from './daemon-view.js';

/** The calling member, when the caller is one. */
export interface RequestPeer extends TrustedPeer {
  /** Lower-case hex SHA-256 of its certificate's DER. */
  readonly fingerprint: string;
}

/** The facts about one request on which access, proxying and fan-out depend. */
export interface RequestContext {
  /** Name of the listener that the request came in on. */
  readonly listener: string;
  readonly trusted: boolean;
  /** A trusted peer marked the request as already fanned out (`spec/core-api.md` 7.3). */
  readonly isNotification: boolean;
  readonly peer?: RequestPeer;
  /** Certificate (PEM) that the caller showed, trusted or not. */
  readonly peerCertificate?: string;
}

/** User-Agent of a request that must not be fanned out again. */
export const NOTIFIER_USER_AGENT = 'lxd-cluster-notifier';

const contexts = new WeakMap<IncomingMessage, RequestContext>();

/** What a request that came in by no listener of ours is worth: nothing. */
const UNKNOWN_ORIGIN: RequestContext = { listener: '', trusted: false, isNotification: false };

/** Records the context of a request; the listeners do, once per request. */
export function setRequestContext(request: IncomingMessage, context: RequestContext): void {
  contexts.set(request, context);
}

/**
 * The context of a request.
 *
 * @param request Node's request, or anything with it in `raw` (a Fastify request)
 * @returns a context that trusts nobody when the request came in by no listener
 */
export function requestContext(
  request: IncomingMessage | { readonly raw: IncomingMessage },
): RequestContext {
  return contexts.get('raw' in request ? request.raw : request) ?? UNKNOWN_ORIGIN;
}
