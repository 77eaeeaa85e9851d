/** An `AbortSignal` that surely fires after a time. */

/**
 * As `AbortSignal.timeout`, which must not be used in combination with `AbortSignal.any`: Node 20 and 22 collect a
 * timeout that nothing but a combined signal refers to, and whoever waits for that then waits for ever.
 *
 * @param ms milliseconds; the pending timer does not keep the process alive
 * @returns a signal whose reason is a `TimeoutError`
 */
export function timeLimit(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new DOMException(`The time limit of ${ms} ms has passed`, 'TimeoutError'));
  }, ms).unref();
  return controller.signal;
}
