/** The one error class of the framework, recognised by brand so that two copies of the package agree. */
import {
  MICROCLUSTER_ERRORS,
  type MicroclusterErrorCode,
  type MicroclusterErrorParameters,
} from './catalogue.js';

const BRAND = Symbol.for('@microcluster/nest/error');

/** What a thrower may add to, or sharpen in, the catalogue's entry. */
export interface MicroclusterErrorDetails {
  readonly cause?: unknown;
  /** HTTP status instead of the catalogue's, for example that of a peer whose answer is passed on. */
  readonly status?: number;
}

/**
 * An error of the framework: `code` names it, `status` is the HTTP status of the reply that it becomes.
 *
 * @example
 * throw new MicroclusterError('RECORD_NOT_FOUND', { what: 'CoreTokenRecord' });
 */
export class MicroclusterError<
  C extends MicroclusterErrorCode = MicroclusterErrorCode,
> extends Error {
  readonly code: C;
  readonly status: number;

  /**
   * @param code entry of {@link MICROCLUSTER_ERRORS}
   * @param parameters values of the placeholders in its template
   * @param details the cause, and a status that differs from the entry's
   */
  constructor(
    code: C,
    parameters: MicroclusterErrorParameters<C>,
    details: MicroclusterErrorDetails = {},
  ) {
    const entry = MICROCLUSTER_ERRORS[code];
    super(
      fill(entry.template, parameters),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'MicroclusterError';
    this.code = code;
    this.status = details.status ?? entry.status;
  }

  get [BRAND](): true {
    return true;
  }
}

/**
 * Whether `error` was thrown by the framework, in this copy of the package or another; optionally with one
 * of `codes`.
 */
export function isMicroclusterError<C extends MicroclusterErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is MicroclusterError<C> {
  if (typeof error !== 'object' || error === null || !(BRAND in error) || !('code' in error)) {
    return false;
  }
  return codes.length === 0 || codes.some((code) => code === error.code);
}

function fill(template: string, parameters: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
}
