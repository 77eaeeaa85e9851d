/** Asking a daemon again and again whether it is ready (`spec/core-api.md` 23.4, `waitready`). */
import { setTimeout as sleep } from 'node:timers/promises';
import { MicroclusterClientError } from '../client/client-error.js';

/** Between two questions, milliseconds. */
const POLL_MS = 500;
/** One question may take this long, milliseconds; a daemon that starts slowly is asked again. */
const QUESTION_MS = 30_000;

/** How long to wait, and until when. */
export interface WaitOptions {
  /** Limit of the whole wait, milliseconds; 0, the default, waits for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called with each answer that was no yes. */
  readonly onAnswer?: (answer: string) => void;
}

/**
 * Repeats `ask` until it resolves.
 *
 * @param ask one question with a time limit, milliseconds
 * @throws MicroclusterClientError `TIMEOUT` with the last answer, or `ABORTED`
 */
export async function untilReady(
  ask: (timeoutMs: number, signal: AbortSignal | undefined) => Promise<void>,
  options: WaitOptions,
): Promise<void> {
  const { signal, timeoutMs = 0 } = options;
  const deadline = timeoutMs > 0 ? performance.now() + timeoutMs : Infinity;
  for (;;) {
    try {
      const left = Math.ceil(deadline - performance.now());
      await ask(Math.max(1, Math.min(QUESTION_MS, left)), signal);
      return;
    } catch (error) {
      const answer = error instanceof Error ? error.message : String(error);
      stopIfAborted(signal);
      if (performance.now() + POLL_MS >= deadline) {
        throw MicroclusterClientError.local(
          'TIMEOUT',
          `MicroCluster still not running after context deadline exceeded: ${answer}`,
          error,
        );
      }
      options.onAnswer?.(answer);
    }
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    stopIfAborted(signal);
  }
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const text = 'Waiting for the daemon was given up';
  throw MicroclusterClientError.local('ABORTED', text, signal.reason);
}
