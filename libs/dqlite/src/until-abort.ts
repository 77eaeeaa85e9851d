/** Waits for something, but not beyond an abort. */

/**
 * Waits until `work` settles or `signal` aborts, also when it had aborted before. `work` is only no longer
 * waited for; a rejection that comes later is nobody's.
 *
 * @returns whether `work` resolved; false when the abort came first
 * @throws what `work` rejects with
 */
export async function untilAbort(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<boolean>((resolve) => {
    onAbort = () => resolve(false);
  });
  signal.addEventListener('abort', onAbort, { once: true });
  // An abort of the past fires no event.
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work.then(() => true), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
