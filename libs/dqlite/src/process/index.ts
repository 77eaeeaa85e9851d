/** Hosts of a native node: a supervised child process, or this process. */
export { DqliteProcess, type DqliteProcessOptions } from './dqlite-process.js';
export { InProcessNode } from './in-process-node.js';
export type { ParentWatch } from './messages.js';
