/** The log of a daemon. */
export { DaemonLogger, type DaemonLoggerOptions, type DaemonLogLevel } from './daemon-logger.js';
