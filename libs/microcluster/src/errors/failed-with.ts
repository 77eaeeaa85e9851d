/** Saying what was being done when an error happened. */
import { MicroclusterError } from './microcluster-error.js';
import { statusOf } from './error-mapping.js';

/**
 * For `promise.catch(...)`: puts a sentence in front of an error's text, and keeps its status and the error
 * as the cause.
 */
export function failedWith(sentence: string): (error: unknown) => never {
  return (error) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MicroclusterError(
      'FAILED',
      { reason: `${sentence}: ${reason}` },
      { cause: error, status: statusOf(error) },
    );
  };
}
