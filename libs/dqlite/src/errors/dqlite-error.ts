/** The one error class of the library, recognised by brand so that two copies of the package agree. */
import {
  DQLITE_ERRORS,
  type DqliteErrorCode,
  type ErrorOutcome,
  type ErrorParameters,
  type RetryAdvice,
} from './catalogue.js';

const BRAND = Symbol.for('@microcluster/dqlite/error');

/** What a thrower may add to, or sharpen in, the catalogue's entry. */
export interface DqliteErrorDetails {
  readonly cause?: unknown;
  /** Extended SQLite result code, or a code of the dqlite server (`spec/dqlite.md` A.8). */
  readonly sqliteCode?: number;
  /** The text of the server, unchanged. */
  readonly serverMessage?: string;
  readonly retry?: RetryAdvice;
  readonly outcome?: ErrorOutcome;
}

/**
 * An error of this library: `code` names it, `retry` and `outcome` say whether repeating is safe.
 *
 * @example
 * throw new DqliteError('NODE_STATE', { action: 'start', state: 'running' });
 */
export class DqliteError<C extends DqliteErrorCode = DqliteErrorCode> extends Error {
  readonly code: C;
  readonly retry: RetryAdvice;
  readonly outcome: ErrorOutcome;
  readonly sqliteCode?: number;
  readonly serverMessage?: string;

  /**
   * @param code entry of {@link DQLITE_ERRORS}
   * @param parameters values of the placeholders in its template
   * @param details cause, SQLite code, and a retry advice or outcome that differs from the entry's
   */
  constructor(code: C, parameters: ErrorParameters<C>, details: DqliteErrorDetails = {}) {
    const entry = DQLITE_ERRORS[code];
    super(
      fill(entry.template, parameters),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'DqliteError';
    this.code = code;
    this.retry = details.retry ?? entry.retry;
    this.outcome = details.outcome ?? entry.outcome;
    if (details.sqliteCode !== undefined) this.sqliteCode = details.sqliteCode;
    if (details.serverMessage !== undefined) this.serverMessage = details.serverMessage;
  }

  get [BRAND](): true {
    return true;
  }
}

/** Whether `error` was thrown by this library, in this copy of the package or another; optionally with one of `codes`. */
export function isDqliteError<C extends DqliteErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is DqliteError<C> {
  if (typeof error !== 'object' || error === null || !(BRAND in error) || !('code' in error)) {
    return false;
  }
  return codes.length === 0 || codes.some((code) => code === error.code);
}

function fill(template: string, parameters: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
}
