/** Every error that the library throws: its text, whether a retry is safe, and what is known about the effect. */

/**
 * What may be repeated after the error without risking a second effect.
 *
 * - `statement`: the same statement, on the same connection.
 * - `transaction`: everything since BEGIN, after a ROLLBACK (or on another connection).
 * - `other-node`: the same work on a new connection to whoever leads now.
 * - `none`: nothing by itself; the caller has to decide or to mend something first.
 */
export type RetryAdvice = 'statement' | 'transaction' | 'other-node' | 'none';

/**
 * What is known about the effect of the failed request.
 *
 * - `not-executed`: it had no effect and will have none.
 * - `unknown`: it may have been committed, or may still be.
 * - `rejected`: the database understood it and said no; it had no effect.
 */
export type ErrorOutcome = 'not-executed' | 'unknown' | 'rejected';

interface CatalogueEntry {
  /** One sentence; `{name}` is replaced by the parameter of that name. */
  readonly template: string;
  readonly retry: RetryAdvice;
  readonly outcome: ErrorOutcome;
}

const entry = <const T extends string>(template: T, retry: RetryAdvice, outcome: ErrorOutcome) => ({
  template,
  retry,
  outcome,
});

/** Append-only: codes are public and stable. Retry and outcome are defaults that the thrower may sharpen. */
export const DQLITE_ERRORS = {
  // The cluster and its leader
  NOT_LEADER: entry(
    'The node at {address} is not the leader and did nothing; send the request to the leader',
    'other-node',
    'not-executed',
  ),
  LEADERSHIP_LOST: entry(
    'The node at {address} lost the leadership before the request had an effect; repeat it on the new leader',
    'other-node',
    'not-executed',
  ),
  OUTCOME_UNKNOWN: entry(
    'The write sent to {address} may or may not have been committed ({reason}); check before repeating it',
    'none',
    'unknown',
  ),
  NO_LEADER: entry(
    'No leader was found among {servers} ({reason}); check that a majority of the voters is running',
    'other-node',
    'not-executed',
  ),
  CONNECTION_LOST: entry(
    'The connection to the node at {address} was lost ({reason}); connect again',
    'other-node',
    'not-executed',
  ),
  MEMBERSHIP: entry(
    'The node at {address} refused the membership change: {reason}',
    'none',
    'rejected',
  ),
  LAST_VOTER: entry(
    'Node {id} is the only voter and cannot be demoted or removed, which would stop the cluster for ever; promote another node first',
    'none',
    'not-executed',
  ),
  // Statements and transactions
  BUSY: entry(
    'The database at {address} is locked by another writer ({reason}); repeat the statement',
    'statement',
    'not-executed',
  ),
  BUSY_SNAPSHOT: entry(
    'Another writer committed after this transaction had read from the database at {address}; roll back and run the transaction again, or begin it as immediate',
    'transaction',
    'not-executed',
  ),
  CONSTRAINT: entry('{reason}', 'none', 'rejected'),
  SQL: entry('The database at {address} answered: {reason}', 'none', 'rejected'),
  TRANSACTION_ENDED: entry(
    'The transaction on {address} had ended before this statement could run; roll back and run it again',
    'transaction',
    'not-executed',
  ),
  STATEMENT_REFUSED: entry('{statement} was not sent: {reason}', 'none', 'not-executed'),
  INVALID_PARAMETER: entry('Parameter {position} cannot be sent: {reason}', 'none', 'not-executed'),
  INVALID_DATABASE_NAME: entry(
    "The database name '{name}' cannot be used; use 1 to 200 letters, digits, '_', '.' or '-', not ending in '-wal'",
    'none',
    'not-executed',
  ),
  TOO_MANY_PARAMETERS: entry(
    'The statement has {count} parameters and the server at {address} takes at most {limit}; split the statement, or install libdqlite 1.12 or later on the cluster',
    'none',
    'not-executed',
  ),
  COLUMN_HEADER_TOO_LARGE: entry(
    'The column names of the result take more than 4,080 bytes, which dqlite cannot send; select fewer columns or use shorter aliases',
    'none',
    'not-executed',
  ),
  // Requests and waiting
  PROTOCOL: entry(
    'The node at {address} sent something that is not the dqlite protocol ({reason}); the connection was closed',
    'none',
    'unknown',
  ),
  TIMEOUT: entry('{what} did not finish within {ms} ms', 'none', 'not-executed'),
  ABORTED: entry('{what} was cancelled', 'none', 'not-executed'),
  CLOSED: entry('{what} is closed', 'none', 'not-executed'),
  NOT_OPEN: entry('{what} is not open yet; open it first', 'none', 'not-executed'),
  MISUSE: entry('{what}: {reason}', 'none', 'not-executed'),
  // The native node
  LIBRARY_MISSING: entry(
    "libdqlite was not found (tried {tried}); install it (on Debian: 'apt install libdqlite0') or name its file in MICROCLUSTER_LIBDQLITE",
    'none',
    'not-executed',
  ),
  LIBRARY_SYMBOL_MISSING: entry(
    'The library {library} has no function {symbol}; install libdqlite 1.11 or later',
    'none',
    'not-executed',
  ),
  NODE_STATE: entry('Cannot {action}: the node is {state}', 'none', 'not-executed'),
  DIRECTORY_LOCKED: entry(
    'The directory {directory} is in use by another node; stop that one first',
    'none',
    'not-executed',
  ),
  NODE_START_FAILED: entry('The node at {address} did not start: {reason}', 'none', 'not-executed'),
  NODE_CRASHED: entry('The database process ended unexpectedly ({reason})', 'none', 'unknown'),
  PARAMETER_COUNT: entry(
    'The statement takes {expected} parameters and was given {given}; dqlite would quietly use NULL for what is missing',
    'none',
    'not-executed',
  ),
  STATE_FILES: entry('{file}: {reason}', 'none', 'not-executed'),
  // The application layer
  NODE_REMOVED: entry(
    'Node {id} at {address} was removed from the cluster; empty its directory {directory} before it joins again',
    'none',
    'not-executed',
  ),
  REMOVAL_REFUSED: entry('Node {id} cannot be removed: {reason}', 'none', 'not-executed'),
  // The embedded engine
  SQLITE3_MISSING: entry(
    "The npm package sqlite3 is not installed or was not compiled for this Node.js; run 'npm install sqlite3' (compiling it takes a C++ compiler, make and python3)",
    'none',
    'not-executed',
  ),
} as const satisfies Record<string, CatalogueEntry>;

/** Stable, machine-readable name of an error of this library. */
export type DqliteErrorCode = keyof typeof DQLITE_ERRORS;

type Placeholders<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** The parameters that the message template of `C` needs. */
export type ErrorParameters<C extends DqliteErrorCode> = {
  readonly [K in Placeholders<(typeof DQLITE_ERRORS)[C]['template']>]: string | number | bigint;
};
