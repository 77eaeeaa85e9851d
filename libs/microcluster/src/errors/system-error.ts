/** Recognises errors of the operating system by their code. */

/** Whether `error` is one with `code`, such as `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
