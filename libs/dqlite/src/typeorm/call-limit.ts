/** The deadline and the signal of one call, as one thing that ends it. */
import { DqliteError } from '../errors/index.js';
import type { SqlCallOptions } from './engine.js';

/**
 * Calls `end` once, with `TIMEOUT` or `ABORTED`, when the deadline passes or the signal aborts.
 *
 * @param what what is waited for, as the beginning of the error's sentence
 * @param defaultMs deadline in milliseconds when the options name none
 * @returns a function that disarms; must be called when the call is over
 */
export function armLimit(
  what: string,
  options: SqlCallOptions,
  defaultMs: number,
  end: (error: DqliteError) => void,
): () => void {
  const { signal, deadlineMs = defaultMs } = options;
  const abort = (): void => {
    disarm();
    end(aborted(what, signal));
  };
  const timer = setTimeout(() => {
    disarm();
    end(new DqliteError('TIMEOUT', { what, ms: Math.round(deadlineMs) }));
  }, deadlineMs);
  const disarm = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  signal?.addEventListener('abort', abort, { once: true });
  return disarm;
}

/** Throws `ABORTED` when the signal has aborted already. */
export function refuseAborted(what: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(what, signal);
}

function aborted(what: string, signal: AbortSignal | undefined): DqliteError {
  const cause: unknown = signal?.reason;
  return new DqliteError('ABORTED', { what }, { cause });
}
