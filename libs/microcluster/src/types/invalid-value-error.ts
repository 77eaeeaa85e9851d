/** The error of every parser of outside text: the value is wrong, and it is the sender who has to mend it. */

const BRAND = Symbol.for('microcluster.InvalidValueError');

/** A value from outside that does not parse. Maps to HTTP 400; the message is meant for the sender. */
export class InvalidValueError extends Error {
  override readonly name = 'InvalidValueError';
  /** HTTP status that this error is answered with. */
  readonly status = 400;
  readonly [BRAND] = true;
}

/** Whether `error` is an {@link InvalidValueError}, also when another copy of the package made it. */
export function isInvalidValueError(error: unknown): error is InvalidValueError {
  return typeof error === 'object' && error !== null && BRAND in error;
}
