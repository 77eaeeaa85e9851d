/** What remains of the limits of a call while its parts wait for one another. */
import type { SqlCallOptions } from '../engine.js';

/** The limits that are left of those that held at `askedAt`, a time of `performance.now()`. */
export function timeLeft(askedAt: number, options: SqlCallOptions): SqlCallOptions {
  const { deadlineMs } = options;
  if (deadlineMs === undefined) return options;
  return { ...options, deadlineMs: Math.max(0, deadlineMs - (performance.now() - askedAt)) };
}
