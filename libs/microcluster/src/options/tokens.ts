/** Injection tokens of the daemon's settings. */

/** The parsed settings, {@link import('./parse-daemon-args.js').ParsedDaemonArgs}. */
export const DAEMON_ARGS = Symbol.for('@microcluster/nest:daemon-args');
/** The part of the settings known before the application is assembled. */
export const STATIC_DAEMON_ARGS = Symbol.for('@microcluster/nest:static-daemon-args');
