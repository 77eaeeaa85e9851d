/** Whom an injected request counts as coming from; requests of a socket never have one. */
import type { IncomingMessage } from 'node:http';
import type { RequestPeer } from '../access/index.js';

/** The caller of an injected request. */
export interface AssumedCaller {
  readonly trusted: boolean;
  /** The member that calls, when one does. */
  readonly peer?: RequestPeer;
}

const callers = new WeakMap<IncomingMessage, AssumedCaller>();

/** Takes the place of certificate and Host header in the decision about trust. */
export function assumeCaller(request: IncomingMessage, caller: AssumedCaller): void {
  callers.set(request, caller);
}

/** The caller that was assumed for `request`; `undefined` for every request of a socket. */
export function assumedCallerOf(request: IncomingMessage): AssumedCaller | undefined {
  return callers.get(request);
}
