/** Whether a member may be removed while the database waits for an upgrade, decided without I/O. */

/** What the decision depends on, read on the leader, whose database waits. */
export interface WaitingRemovalInput {
  readonly name: string;
  readonly force: boolean;
  /** Whether the member has a row; one without it is a removal that was interrupted. */
  readonly hasRow: boolean;
  /** The members that the upgrade waits for. */
  readonly blockedBy: readonly string[];
  /** Whether its daemon answers at all. */
  readonly isReachable: boolean;
}

/**
 * The upgrade must not wait for ever for a machine that is lost, and nobody may be left whose database is
 * open and who could remove it. But only such a machine goes: the application's hooks cannot run on an old
 * schema, so that a removal is never complete now, and whoever still serves the old release is to be upgraded
 * and not taken out by mistake. Pure.
 *
 * @returns why not; `undefined`: it may
 */
export function refuseWaitingRemoval(input: WaitingRemovalInput): string | undefined {
  const { name, force, hasRow, blockedBy, isReachable } = input;
  const waiting = `The database is waiting for an upgrade of ${blockedBy.join(', ')}`;
  if (hasRow && !blockedBy.includes(name)) {
    return `${waiting}, and "${name}" does not hold it up; remove it when the database is online`;
  }
  if (isReachable) {
    return `${waiting}, and "${name}" is running; upgrade it, or stop its daemon before it is removed by force`;
  }
  if (!force) {
    return `${waiting}; a member that is lost can only be removed by force until then`;
  }
  return undefined;
}
