/** Tells that the cluster removed this node, which nobody announces (`spec/dqlite.md` C.7). */

/** Since when the leader's list has lacked this node, by a monotonic clock in milliseconds. */
export type Absence = { readonly since: number } | undefined;

export interface AbsenceOptions {
  /**
   * How long the leader's list must lack the node. Longer than an election timeout: a leader that was
   * cut off may not yet know that the node was added, and steps down within that time.
   */
  readonly graceMs: number;
}

/** What another look at the leader's list means. */
export function observeAbsence(
  before: Absence,
  isListed: boolean,
  now: number,
  { graceMs }: AbsenceOptions,
): { readonly absence: Absence; readonly isRemoved: boolean } {
  if (isListed) return { absence: undefined, isRemoved: false };
  const since = before?.since ?? now;
  return { absence: { since }, isRemoved: now - since >= graceMs };
}
