/** What a checker found. */

/** A promise that was not kept. */
export interface Violation {
  /** The promise, as a sentence that is not true. */
  readonly what: string;
  /** The operations or observations that show it, one a line. */
  readonly evidence: readonly string[];
}

/** What a checker says about a history. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** Parts of the history that were too hard to decide within the bounds of the search, by name. */
  readonly undecided: readonly string[];
}

/** A verdict without anything undecided. */
export function verdict(violations: readonly Violation[]): Verdict {
  return { violations, undecided: [] };
}
