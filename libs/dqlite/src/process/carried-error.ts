/** Carries errors over the control channel without losing their code. */
import { DQLITE_ERRORS, isDqliteError, type DqliteErrorCode } from '../errors/index.js';

const BRAND = Symbol.for('@microcluster/dqlite/error');

export interface CarriedError {
  readonly code: string;
  readonly message: string;
}

/** An error as plain values; one that is not of this library gets the code `NODE_START_FAILED`. */
export function carry(error: unknown): CarriedError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: isDqliteError(error) ? error.code : 'NODE_START_FAILED', message };
}

/** The error that {@link carry} took apart, again recognised by `isDqliteError`. */
export function revive({ code, message }: CarriedError): Error {
  const known: DqliteErrorCode = isKnown(code) ? code : 'NODE_START_FAILED';
  const { retry, outcome } = DQLITE_ERRORS[known];
  const properties = { name: 'DqliteError', code: known, retry, outcome, [BRAND]: true };
  return Object.assign(new Error(message), properties);
}

function isKnown(code: string): code is DqliteErrorCode {
  return Object.hasOwn(DQLITE_ERRORS, code);
}
