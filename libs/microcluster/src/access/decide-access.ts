/** The one decision about whether a request may reach its handler, and if not, what it is answered. */
import { MicroclusterError } from '../errors/index.js';
import type { AccessRule } from './access-rule.js';
import type { DatabaseView } from './daemon-view.js';

/** Everything that the decision depends on. */
export interface AccessInput {
  /** Name of the listener that the request came in on. */
  readonly listener: string;
  /** HTTP method, upper case. */
  readonly method: string;
  /** Whether the path has a handler for this method. */
  readonly hasHandler: boolean;
  /** The rule of the route; of another method of the same path where this one has no handler. */
  readonly rule: AccessRule;
  readonly isShuttingDown: boolean;
  readonly database: DatabaseView;
  /** Whether the caller is trusted (`decideTrust`). */
  readonly trusted: boolean;
  /** For the path of the database tunnel a stranger is refused before the handler is missed. */
  readonly trustBeforeHandler?: boolean;
}

/** The outcome: go on, or answer with `error`. */
export type AccessDecision =
  | { readonly allow: true; readonly trusted: boolean }
  | {
      readonly allow: false;
      readonly status: number;
      readonly text: string;
      readonly error: MicroclusterError;
    };

/** The methods that an endpoint may have (`spec/core-api.md` 5.1). */
export const ENDPOINT_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'PUT',
  'POST',
  'DELETE',
  'PATCH',
]);

/** Decides by the checks of `spec/core-api.md` 5.1, in their order; the first that fails answers. */
export function decideAccess(input: AccessInput): AccessDecision {
  const { rule, database } = input;
  if (!rule.listeners.includes(input.listener)) {
    return deny(new MicroclusterError('NOT_FOUND', {}));
  }
  if (input.isShuttingDown && !rule.allowedDuringShutdown) {
    return deny(new MicroclusterError('SHUTTING_DOWN', {}));
  }
  const isWaiting = !database.open && database.transactions === true;
  const servesClosed = rule.allowedBeforeInit || (isWaiting && rule.allowedWhileWaiting === true);
  if (!database.open && !servesClosed) {
    return deny(new MicroclusterError('DATABASE_NOT_OPEN', { reason: database.text }));
  }
  const trustFails = !input.trusted && !rule.allowUntrusted;
  if (!ENDPOINT_METHODS.has(input.method) && !input.hasHandler) {
    return deny(new MicroclusterError('METHOD_NOT_FOUND', { method: input.method }));
  }
  if (trustFails && input.trustBeforeHandler === true) {
    return deny(new MicroclusterError('NOT_AUTHORIZED', {}));
  }
  if (!input.hasHandler) {
    return deny(new MicroclusterError('NOT_IMPLEMENTED', {}));
  }
  if (trustFails) {
    return deny(new MicroclusterError('NOT_AUTHORIZED', {}));
  }
  return { allow: true, trusted: input.trusted };
}

function deny(error: MicroclusterError): AccessDecision {
  return { allow: false, status: error.status, text: error.message, error };
}
