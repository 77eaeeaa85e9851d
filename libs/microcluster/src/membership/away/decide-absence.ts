/** Concludes from what the other members say whether the cluster has removed this one (`spec/core-api.md` 15). */

/** What one member of our trust store said to our certificate. */
export type PeerVerdict =
  /** It knows us. */
  | 'accepts'
  /** It is the member that we know, and does not trust us. */
  | 'refuses'
  /** No answer, or one that says nothing about us. */
  | 'unclear';

/**
 * Whether this member was removed: nobody accepts it, and as many refuse it as it takes to remove a member:
 * a majority of all that it knew, itself included, or everybody else where that is fewer.
 *
 * @param verdicts one per other member that this one knew. Pure.
 */
export function isRemovedBy(verdicts: readonly PeerVerdict[]): boolean {
  if (verdicts.length === 0 || verdicts.includes('accepts')) return false;
  const majority = Math.floor((verdicts.length + 1) / 2) + 1;
  const refusals = verdicts.filter((verdict) => verdict === 'refuses').length;
  return refusals >= Math.min(majority, verdicts.length);
}
