/** Recognises errors of the operating system by their code. */
import { types } from 'node:util';

/**
 * Whether `error` is one with `code`, such as `ENOENT`. What Node throws is no `Error` of a test runner that
 * gives each file globals of its own, as Jest does, so the class says nothing.
 */
export function isSystemError(error: unknown, code: string): boolean {
  return types.isNativeError(error) && 'code' in error && error.code === code;
}
