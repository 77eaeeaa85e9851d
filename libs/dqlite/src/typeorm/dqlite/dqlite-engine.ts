/** The replicated engine: one database of a dqlite cluster, through its client. */
import type { ClientLease, DqliteClient, StreamedRow } from '../../client/index.js';
import { classify } from '../../client/statement.js';
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter } from '../../values.js';
import { MAX_NARROW_PARAMETERS } from '../../wire/index.js';
import type {
  SqlAcquireOptions,
  SqlCallOptions,
  SqlConnection,
  SqlEngine,
  SqlEngineStats,
  SqlResult,
  SqlRow,
  TransactionMode,
} from '../engine.js';
import { type BoundStatement, limitParameters } from '../sql/literals.js';

export interface DqliteEngineOptions {
  /** The client of the database; the engine closes it. Pool size and deadline are its. */
  readonly client: DqliteClient;
}

/** Whatever of the client runs statements: the client itself, or a lease. */
type Runner = Pick<DqliteClient | ClientLease, 'exec' | 'query' | 'stream'>;

export class DqliteEngine implements SqlEngine {
  readonly name = 'dqlite';
  private readonly client: DqliteClient;
  private opened = false;

  constructor({ client }: DqliteEngineOptions) {
    this.client = client;
  }

  get isOpen(): boolean {
    return this.opened;
  }

  get stats(): SqlEngineStats {
    return this.client.stats;
  }

  get deadlineMs(): number {
    return this.client.deadlineMs;
  }

  /** @throws DqliteError `NO_LEADER` and what else keeps the client from reaching the database */
  async open(options?: SqlCallOptions): Promise<void> {
    await this.client.query('SELECT 1', [], options);
    this.opened = true;
  }

  run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    return runOn(this.client, sql, parameters, options);
  }

  stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return streamOn(this.client, sql, parameters, options);
  }

  async acquire(options?: SqlAcquireOptions): Promise<SqlConnection> {
    return new DqliteLease(await this.client.acquire(options));
  }

  async close(): Promise<void> {
    this.opened = false;
    await this.client.close();
  }
}

class DqliteLease implements SqlConnection {
  constructor(private readonly lease: ClientLease) {}

  get inTransaction(): boolean {
    return this.lease.inTransaction;
  }

  run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    return runOn(this.lease, sql, parameters, options);
  }

  stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return streamOn(this.lease, sql, parameters, options);
  }

  begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void> {
    return this.lease.begin(mode, options);
  }

  commit(options?: SqlCallOptions): Promise<void> {
    return this.lease.commit(options);
  }

  rollback(options?: SqlCallOptions): Promise<void> {
    return this.lease.rollback(options);
  }

  release(error?: Error): Promise<void> {
    return this.lease.release(error);
  }
}

async function runOn(
  runner: Runner,
  sql: string,
  parameters: readonly SqlParameter[],
  options: SqlCallOptions | undefined,
): Promise<SqlResult> {
  const { useQuery, returning } = classify(sql);
  const statement = sendable(sql, parameters);
  if (!useQuery) {
    const result = await runner.exec(statement.sql, statement.parameters, options);
    return { columns: [], rows: [], ...result };
  }
  const { columns, rows } = await runner.query(statement.sql, statement.parameters, options);
  return { columns, rows, rowsAffected: returning ? rows.length : 0, lastInsertId: 0 };
}

async function* streamOn(
  runner: Runner,
  sql: string,
  parameters: readonly SqlParameter[],
  options: SqlCallOptions | undefined,
): AsyncGenerator<SqlRow, void, undefined> {
  if (classify(sql).kind !== 'read') {
    throw new DqliteError('STATEMENT_REFUSED', {
      statement: 'A streamed statement',
      reason: 'only statements that read can be streamed',
    });
  }
  const statement = sendable(sql, parameters);
  for await (const row of runner.stream(statement.sql, statement.parameters, options)) {
    yield toRow(row);
  }
}

function toRow({ columns, row }: StreamedRow): SqlRow {
  const record: SqlRow = {};
  for (let i = 0; i < columns.length; i += 1) record[columns[i] ?? ''] = row[i] ?? null;
  return record;
}

/**
 * Servers before 1.12 take 255 parameters (rule 6). Those beyond are written into the statement, on every
 * server alike: it stays one statement and one round trip, and works the same in a mixed cluster.
 */
function sendable(sql: string, parameters: readonly SqlParameter[]): BoundStatement {
  return parameters.length > MAX_NARROW_PARAMETERS &&
    classify(sql).parameterCount === parameters.length
    ? limitParameters(sql, parameters, MAX_NARROW_PARAMETERS)
    : { sql, parameters };
}
