/** What goes wrong when one daemon or an operator calls another daemon, as one error class. */

const BRAND = Symbol.for('microcluster.MicroclusterClientError');

/**
 * Why a call failed.
 *
 * - `REPLIED`: the peer answered with an error; `status` and the text are the peer's.
 * - `UNREACHABLE`: no connection came about, so nothing was done.
 * - `DISCONNECTED`: the connection ended before the answer; whether the call took effect is unknown.
 * - `TIMEOUT`: the deadline passed; whether the call took effect is unknown.
 * - `ABORTED`: the caller's signal, or `close()`, ended the call.
 * - `UNTRUSTED`: the server showed a certificate that is not trusted, so nothing was sent.
 * - `BAD_REPLY`: the peer answered something that is no Core API reply.
 */
export type ClientErrorCode =
  'REPLIED' | 'UNREACHABLE' | 'DISCONNECTED' | 'TIMEOUT' | 'ABORTED' | 'UNTRUSTED' | 'BAD_REPLY';

const STATUS: Readonly<Record<Exclude<ClientErrorCode, 'REPLIED'>, number>> = {
  UNREACHABLE: 503,
  DISCONNECTED: 503,
  TIMEOUT: 504,
  ABORTED: 503,
  UNTRUSTED: 502,
  BAD_REPLY: 502,
};

/** A failed call. */
export class MicroclusterClientError extends Error {
  override readonly name = 'MicroclusterClientError';
  readonly [BRAND] = true;

  constructor(
    /** Why it failed. */
    readonly code: ClientErrorCode,
    message: string,
    /** HTTP status: the peer's if it answered, else the one that a gateway would give. */
    readonly status: number,
    options?: ErrorOptions,
    /** What the peer added for programs; Go peers add nothing. */
    readonly details?: unknown,
    /** The peer's wish to be asked again after this long, milliseconds: it is busy, and did nothing. */
    readonly retryAfterMs?: number,
  ) {
    super(message, options);
  }

  /** An error that the peer answered with. */
  static replied(
    status: number,
    message: string,
    details?: unknown,
    retryAfterMs?: number,
  ): MicroclusterClientError {
    return new MicroclusterClientError(
      'REPLIED',
      message,
      status,
      undefined,
      details,
      retryAfterMs,
    );
  }

  /** An error of the way to the peer. */
  static local(
    code: Exclude<ClientErrorCode, 'REPLIED'>,
    message: string,
    cause?: unknown,
  ): MicroclusterClientError {
    const options = cause === undefined ? undefined : { cause };
    return new MicroclusterClientError(code, message, STATUS[code], options);
  }
}

/** Whether `error` is one, also when another copy of the package made it; optionally with one of `codes`. */
export function isClientError(
  error: unknown,
  ...codes: readonly ClientErrorCode[]
): error is MicroclusterClientError {
  if (typeof error !== 'object' || error === null || !(BRAND in error) || !('code' in error)) {
    return false;
  }
  return codes.length === 0 || codes.some((code) => code === error.code);
}
