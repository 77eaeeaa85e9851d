/** Turns what went wrong into the one sentence that an operator reads. */

/** The text of an error, without its name or stack. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The system error code (`ENOENT`, `ECONNREFUSED`, ...) of an error or of what caused it.
 *
 * @returns undefined when there is none
 */
export function systemCodeOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if ('code' in current && typeof current.code === 'string' && /^E[A-Z]+$/.test(current.code)) {
      return current.code;
    }
    current = current.cause;
  }
  return undefined;
}
