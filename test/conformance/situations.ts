/** Which situations a request can be in, and what section 5.1 of the specification refuses in each of them. */
import type { ListenerLetter, Row } from './catalogue.js';
import type { Caller, State } from './subject.js';

/** A listener and who calls there. */
export interface Situation {
  readonly listener: ListenerLetter;
  readonly caller: Caller;
}

/** The listeners that are open in each state, with everybody who may call there. */
export const situations: Readonly<Record<State, readonly Situation[]>> = {
  'not initialised': [...socket(), ...network('P'), ...additional()],
  starting: [...socket(), ...network('P'), ...additional()],
  ready: [...socket(), ...network('N'), ...additional()],
  'shutting down': socket(),
};

/** An answer that is decided before any handler. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
}

/**
 * The checks of section 5.1 in their order.
 *
 * @param rowsOfPath the endpoints with the same path
 * @returns undefined when the request reaches the handler
 */
export function refusal(
  rowsOfPath: readonly Row[],
  method: string,
  state: State,
  { listener, caller }: Situation,
): Refusal | undefined {
  const served = rowsOfPath.filter((row) => row.listeners.includes(listener));
  const [first] = served;
  if (first === undefined) return { status: 404, error: 'not found' };
  const row = served.find((candidate) => candidate.method === method);
  const { beforeInit, duringShutdown = false } = row ?? first;

  if (state === 'shutting down' && !duringShutdown)
    return { status: 503, error: 'Daemon is shutting down' };
  if (!beforeInit && state === 'not initialised')
    return { status: 503, error: 'Database is not yet initialized' };
  if (!beforeInit && state === 'starting')
    return { status: 503, error: 'Database is still starting' };
  if (!['GET', 'PUT', 'POST', 'DELETE', 'PATCH'].includes(method))
    return { status: 404, error: `Method '${method}' not found` };

  const forbidden = !isTrusted({ listener, caller }) && row?.untrusted !== true;
  const trustComesFirst = first.path.endsWith('/database');
  if (forbidden && trustComesFirst) return { status: 403, error: 'not authorized' };
  if (row === undefined) return { status: 501, error: 'not implemented' };
  if (forbidden) return { status: 403, error: 'not authorized' };
  return undefined;
}

/** Section 7.1: the socket always, everybody before initialisation, then members who call us by our address. */
export function isTrusted({ listener, caller }: Situation): boolean {
  return listener === 'U' || listener === 'P' || caller === 'member';
}

function socket(): Situation[] {
  return [{ listener: 'U', caller: 'socket' }];
}

/** Where nothing of the Core API is served, so that it does not matter much who calls. */
function additional(): Situation[] {
  return [
    { listener: 'A', caller: 'member' },
    { listener: 'A', caller: 'anonymous' },
  ];
}

function network(listener: 'N' | 'P'): Situation[] {
  const callers: Caller[] = ['member', 'stranger', 'anonymous', 'expired', 'wrong host'];
  return callers.map((caller) => ({ listener, caller }));
}
