/** What the SQL endpoints need of an engine; `SqlEngine` of `@microcluster/dqlite` is one. */

/** Limits of one call. */
export interface ConsoleCallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds after which the call is given up. Default: the engine's. */
  readonly deadlineMs?: number;
}

/** The outcome of one statement. */
export interface ConsoleResult {
  /** Names of the result columns; may be empty when there are no rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowsAffected: number;
}

/** A connection that belongs to one caller until it is released. */
export interface ConsoleConnection {
  run(
    sql: string,
    parameters?: readonly (string | number | null)[],
    options?: ConsoleCallOptions,
  ): Promise<ConsoleResult>;
  stream(
    sql: string,
    parameters?: readonly (string | number | null)[],
    options?: ConsoleCallOptions,
  ): AsyncIterable<Record<string, unknown>>;
  begin(mode: 'immediate' | 'deferred', options?: ConsoleCallOptions): Promise<void>;
  commit(options?: ConsoleCallOptions): Promise<void>;
  rollback(options?: ConsoleCallOptions): Promise<void>;
  /** Rolls an open transaction back; with `error` the connection is not used again. */
  release(error?: Error): Promise<void>;
}

/** An engine that lends connections. */
export interface SqlConsole {
  acquire(options?: ConsoleCallOptions): Promise<ConsoleConnection>;
}

/** Lends a connection to `work` and takes it back on every path. */
export async function withConnection<T>(
  console: SqlConsole,
  signal: AbortSignal,
  work: (connection: ConsoleConnection) => Promise<T>,
): Promise<T> {
  const connection = await console.acquire({ signal });
  try {
    return await work(connection);
  } finally {
    await connection.release();
  }
}
