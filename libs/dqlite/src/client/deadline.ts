/** The end of a wait: a point in time and, if given, a signal. Cheap enough for every request. */
import { performance } from 'node:perf_hooks';
import { DqliteError } from '../errors/index.js';

/** What every waiting call accepts. */
export interface WaitOptions {
  /** Cancels the call. A request that is already on its way is cancelled by closing its connection. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now until the call gives up. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Used where the caller gives no deadline, milliseconds: three elections at a latency of 200 ms. Lower: elections are not
 * survived. Higher: callers hang longer when the cluster is down.
 */
export const DEFAULT_DEADLINE_MS = 20_000;

export class Deadline {
  /** By `performance.now()`. */
  readonly at: number;
  readonly ms: number;
  readonly signal: AbortSignal | undefined;

  constructor(options: WaitOptions = {}, defaultMs: number = DEFAULT_DEADLINE_MS) {
    this.ms = options.deadlineMs ?? defaultMs;
    this.at = performance.now() + this.ms;
    this.signal = options.signal;
  }

  get remainingMs(): number {
    return this.at - performance.now();
  }

  get isOver(): boolean {
    return this.signal?.aborted === true || this.remainingMs <= 0;
  }

  /** Throws TIMEOUT or ABORTED if the wait is over. `what` is the subject of the message. */
  check(what: string): void {
    if (this.isOver) throw this.error(what);
  }

  error(what: string): DqliteError {
    return this.signal?.aborted === true
      ? new DqliteError('ABORTED', { what }, { cause: this.signal.reason })
      : new DqliteError('TIMEOUT', { what, ms: this.ms });
  }

  /** A signal that fires at the end of this wait, for calls that know nothing else; `dispose` when done with it. */
  toSignal(): { readonly signal: AbortSignal; dispose(): void } {
    const controller = new AbortController();
    const abort = (): void => controller.abort(this.signal?.reason);
    const timer = setTimeout(abort, Math.max(0, this.remainingMs));
    if (this.signal?.aborted === true) abort();
    else this.signal?.addEventListener('abort', abort, { once: true });
    return {
      signal: controller.signal,
      dispose: () => {
        clearTimeout(timer);
        this.signal?.removeEventListener('abort', abort);
      },
    };
  }

  /** Waits `ms`, but not beyond the end, where it throws. */
  async pause(ms: number, what: string): Promise<void> {
    this.check(what);
    const { signal } = this;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, Math.max(0, Math.min(ms, this.remainingMs)));
      signal?.addEventListener('abort', finish, { once: true });
    });
    this.check(what);
  }
}
