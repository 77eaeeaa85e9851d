/** Turns what went wrong into the one sentence that an operator reads. */

/** The text of an error, without its name or stack. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
