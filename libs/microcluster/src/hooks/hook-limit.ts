/** Waiting for a hook of the application, but not beyond a limit: it may hang, and look at no signal. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { untilAbort } from '@microcluster/dqlite/until-abort';
import { MicroclusterError } from '../errors/index.js';
import type { HookName } from './lifecycle-hooks.js';

/** How long a hook may take. */
export interface HookLimit {
  /** For the error that says which hook hangs. */
  readonly hook: HookName;
  /** Milliseconds. */
  readonly limitMs: number;
  /** Gives up what the hook belongs to. */
  readonly signal: AbortSignal;
}

/**
 * Runs a hook until it ends, the limit is over, or `signal` aborts. A hook that goes on all the same is only no longer
 * waited for; how it ends then is nobody's concern.
 *
 * @param run is given a signal that aborts at the limit, too
 * @throws MicroclusterError `HOOK_TIMEOUT` when the limit came first; the reason of `signal`; whatever the hook throws
 */
export async function runWithin(
  { hook, limitMs, signal }: HookLimit,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const bounded = AbortSignal.any([signal, timeLimit(limitMs)]);
  if (await untilAbort(run(bounded), bounded)) return;
  signal.throwIfAborted();
  throw new MicroclusterError('HOOK_TIMEOUT', { hook, limitMs }, { cause: bounded.reason });
}
