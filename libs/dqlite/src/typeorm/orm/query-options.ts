/** Options of everything that runs within a function: carried by the asynchronous context, as TypeORM has no place for them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { SqlCallOptions } from '../engine.js';

interface Scope {
  readonly signal: AbortSignal | undefined;
  /** In milliseconds of `performance.now()`. */
  readonly endsAt: number | undefined;
  readonly consistency: SqlCallOptions['consistency'];
}

const scopes = new AsyncLocalStorage<Scope>();
const UNLIMITED: SqlCallOptions = {};

/**
 * Runs `fn`; every statement in it, whatever TypeORM calls it comes through, ends with the signal or at the deadline.
 * Scopes nest: the inner one's limits can only be narrower, and its consistency goes first.
 *
 * @param options `deadlineMs` counts from now, for all statements together; `consistency` is for statements outside of
 * a transaction, and for transactions that begin within `fn`
 */
export function withSqlOptions<T>(options: SqlCallOptions, fn: () => T): T {
  const outer = scopes.getStore();
  return scopes.run(
    {
      signal: anyOf(outer?.signal, options.signal),
      endsAt: earliest(
        outer?.endsAt,
        options.deadlineMs === undefined ? undefined : performance.now() + options.deadlineMs,
      ),
      consistency: options.consistency ?? outer?.consistency,
    },
    fn,
  );
}

/** The options of the statement that is about to run. */
export function currentOptions(): SqlCallOptions {
  const scope = scopes.getStore();
  if (!scope) return UNLIMITED;
  const { signal, endsAt, consistency } = scope;
  return {
    ...(signal && { signal }),
    ...(endsAt !== undefined && { deadlineMs: Math.max(0, endsAt - performance.now()) }),
    ...(consistency && { consistency }),
  };
}

function anyOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : (a ?? b);
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : Math.min(a, b ?? a);
}
