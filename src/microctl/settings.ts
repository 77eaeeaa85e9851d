/** What every command gets to know: the options that all of them share, and where to read and write. */
import type { Terminal } from './terminal.js';

export interface Settings {
  /** Absolute path of the state directory. */
  readonly stateDir: string;
  /** Time limit of each request, milliseconds; 0 waits for ever. */
  readonly timeoutMs: number;
  /** Show each request on standard error. */
  readonly verbose: boolean;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C, and when the limit that was given for the whole command has passed. */
  readonly signal: AbortSignal;
}
