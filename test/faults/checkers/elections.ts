/** Elections: a blocked application costs none, except the one with which its database gives up leading. */
import { verdict, type Verdict } from './violation.js';

/** What happened while some faults were in effect, and until the cluster had recovered. */
export interface ObservedElections {
  readonly faults: readonly string[];
  /** By how much Raft's term grew. */
  readonly elections: number;
}

/** The most elections that a fault may cost when nothing else is wrong. */
const ALLOWED: Readonly<Record<string, number>> = {
  'stall-follower': 0,
  // The dead man's switch hands the leadership over.
  'stall-leader': 1,
};

/** Judges only faults that came alone. */
export function checkElections(moments: readonly ObservedElections[]): Verdict {
  return verdict(
    moments.flatMap(({ faults, elections }) => {
      const [fault = '', ...others] = faults;
      const allowed = ALLOWED[fault];
      if (others.length > 0 || allowed === undefined || elections <= allowed) return [];
      const what = `${fault} cost ${elections} elections instead of at most ${allowed}`;
      return [{ what, evidence: [] }];
    }),
  );
}
