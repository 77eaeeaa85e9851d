/** What the data source needs from a database: one interface, implemented over dqlite and over sqlite3. */
import type { Consistency } from '../client/index.js';
import type { SqlParameter, SqlValue } from '../values.js';

/** Limits of one call. The default deadline is the engine's. */
export interface SqlCallOptions {
  /** Cancels the call; a statement that is already running is interrupted. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the call is given up, waiting for a connection or for other writers included. */
  readonly deadlineMs?: number;
  /**
   * What a statement outside of a transaction, or a transaction that begins, may miss. Default `leader`.
   * The embedded engine, with its single copy, is always linearizable.
   */
  readonly consistency?: Consistency;
}

export interface SqlAcquireOptions extends SqlCallOptions {
  /** Wait for the right to write as well, and hold it until the connection is released. */
  readonly write?: boolean;
}

/** The outcome of one statement. */
export interface SqlResult {
  /** Names of the result columns; empty for statements without a result, and on sqlite3 for a result without rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** Rows inserted, updated or deleted; 0 for every other statement. */
  readonly rowsAffected: number;
  /** Row id of the last row inserted; 0 for every statement but INSERT and REPLACE. */
  readonly lastInsertId: number | bigint;
}

/** One row of a streamed result, by column name. */
export type SqlRow = Record<string, SqlValue>;

/**
 * How a transaction begins. `immediate` takes the right to write at once, so that it can neither meet
 * another writer nor have to be run again; `deferred` is for transactions that only read.
 */
export type TransactionMode = 'immediate' | 'deferred';

/** Something that runs single statements. */
export interface SqlExecutor {
  /**
   * Runs one statement.
   *
   * @throws DqliteError: `CONSTRAINT`, `SQL`, `TIMEOUT`, `ABORTED`, `OUTCOME_UNKNOWN` and what else the engine meets
   */
  run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult>;
  /** The rows of a reading statement, one at a time and with bounded memory. Leaving the loop early ends the statement. */
  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow>;
}

/** A connection that belongs to one caller until it is released. */
export interface SqlConnection extends SqlExecutor {
  readonly inTransaction: boolean;
  begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void>;
  commit(options?: SqlCallOptions): Promise<void>;
  /** Ends the transaction without effect; also when the database has already ended it. */
  rollback(options?: SqlCallOptions): Promise<void>;
  /** Gives the connection back; an open transaction is rolled back. With `error` the connection is thrown away. Idempotent. */
  release(error?: Error): Promise<void>;
}

/** The state of an engine's pool and queues now, and what it has counted since it was made. */
export interface SqlEngineStats {
  /** Connections that may be in use at the same time, besides the writer's. */
  readonly poolSize: number;
  readonly idleConnections: number;
  readonly usedConnections: number;
  readonly waitingForConnection: number;
  readonly waitingWriters: number;
  /** Attempts that were repeated because they certainly had no effect. */
  readonly retries: number;
  /** Of these, how many found the database busy: other members were writing. */
  readonly busy: number;
  /** Writes of which nobody can tell whether they happened. */
  readonly unknownOutcomes: number;
}

/**
 * A database with a pool. Statements run by the engine itself are transactions of their own, on any connection.
 * Foreign keys are enforced on every connection.
 */
export interface SqlEngine extends SqlExecutor {
  readonly name: 'dqlite' | 'sqlite';
  readonly isOpen: boolean;
  readonly stats: SqlEngineStats;
  /** Milliseconds that a call may take when it names no deadline. */
  readonly deadlineMs: number;
  /** Makes the database usable. Idempotent. @param options limits of the wait for a leader */
  open(options?: SqlCallOptions): Promise<void>;
  acquire(options?: SqlAcquireOptions): Promise<SqlConnection>;
  /** Ends everything that runs and closes every connection. Idempotent. */
  close(): Promise<void>;
}
