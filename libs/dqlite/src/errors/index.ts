/** The errors of the library. */
export {
  DQLITE_ERRORS,
  type DqliteErrorCode,
  type ErrorOutcome,
  type ErrorParameters,
  type RetryAdvice,
} from './catalogue.js';
export { DqliteError, isDqliteError, type DqliteErrorDetails } from './dqlite-error.js';
