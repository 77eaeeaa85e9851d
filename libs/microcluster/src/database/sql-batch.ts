/** Runs the statements of `POST /core/internal/sql` (`spec/core-api.md` 23.1). */
import { MicroclusterError } from '../errors/microcluster-error.js';
import type { SqlBatch, SqlResult } from '../types/index.js';
import { jsonCell } from './sql-cell.js';
import { withConnection, type ConsoleConnection, type SqlConsole } from './sql-console.js';
import { splitStatements, type SqlStatement } from './sql-splitter.js';

/** How a batch is run. */
export interface SqlBatchOptions {
  /** Ends the batch; what has not been committed by then is rolled back. */
  readonly signal: AbortSignal;
  /** Run everything in one transaction, which the batch may then not end itself. Default `false`. */
  readonly transaction?: boolean;
}

/**
 * Runs a text of statements, one after another on one connection. Each statement is a transaction of its
 * own, unless the text says `BEGIN` and `COMMIT`, or `options.transaction` asks for a single one. When one
 * fails, an open transaction is rolled back; statements that were committed before stay so.
 *
 * @returns one result per statement, `null` for a text of separators and comments only.
 * @throws MicroclusterError 400 for an empty text, for SQL that SQLite refuses, and for a text that leaves
 *   its transaction open; other failures of the database keep their status. The text begins with
 *   `Failed to execute query` for statements that return rows, `Failed to exec query` for others.
 */
export async function runSqlBatch(
  console: SqlConsole,
  query: string,
  options: SqlBatchOptions,
): Promise<SqlBatch> {
  if (query === '') throw badRequest('No query provided');
  const statements = splitStatements(query);
  if (statements.length === 0) return { Results: null };
  return withConnection(console, options.signal, async (connection) => {
    const batch = new BatchRun(connection, options.signal, options.transaction === true);
    return { Results: await batch.run(statements) };
  });
}

class BatchRun {
  private inTransaction = false;

  constructor(
    private readonly connection: ConsoleConnection,
    private readonly signal: AbortSignal,
    private readonly single: boolean,
  ) {}

  async run(statements: readonly SqlStatement[]): Promise<SqlResult[]> {
    const results: SqlResult[] = [];
    if (this.single) await this.connection.begin('immediate', { signal: this.signal });
    for (const statement of statements) {
      try {
        results.push(await this.step(statement));
      } catch (cause) {
        throw failed(statement, cause, `statement ${results.length + 1} of ${statements.length}`);
      }
    }
    if (this.single) await this.connection.commit({ signal: this.signal });
    else if (this.inTransaction) {
      throw badRequest(
        'The query leaves its transaction open, so it was rolled back; end it with COMMIT',
      );
    }
    return results;
  }

  private async step(statement: SqlStatement): Promise<SqlResult> {
    const { signal, connection } = this;
    switch (controlOf(statement)) {
      case 'begin':
        if (this.single || this.inTransaction) {
          throw badRequest('cannot start a transaction within a transaction');
        }
        await connection.begin(statement.opening[1] === 'DEFERRED' ? 'deferred' : 'immediate', {
          signal,
        });
        this.inTransaction = true;
        return NOTHING;
      case 'commit':
        this.requireTransaction('commit');
        await connection.commit({ signal });
        this.inTransaction = false;
        return NOTHING;
      case 'rollback':
        this.requireTransaction('rollback');
        await connection.rollback({ signal });
        this.inTransaction = false;
        return NOTHING;
      case 'savepoint':
        if (!this.single && !this.inTransaction) {
          throw badRequest('a savepoint needs an open transaction; begin the query with BEGIN');
        }
        break;
      case undefined:
    }
    const { columns, rows, rowsAffected } = await connection.run(statement.sql, [], { signal });
    if (!statement.returnsRows) return { ...NOTHING, rows_affected: rowsAffected };
    const cells = rows.map((row) => row.map(jsonCell));
    return {
      type: 'select',
      columns: [...columns],
      rows: cells.length > 0 ? cells : null,
      rows_affected: rowsAffected,
    };
  }

  private requireTransaction(what: string): void {
    if (this.single) throw badRequest(`cannot ${what} - the whole query is one transaction`);
    if (!this.inTransaction) throw badRequest(`cannot ${what} - no transaction is active`);
  }
}

const NOTHING: SqlResult = { type: 'exec', columns: null, rows: null, rows_affected: 0 };

type Control = 'begin' | 'commit' | 'rollback' | 'savepoint';

function controlOf({ opening }: SqlStatement): Control | undefined {
  switch (opening[0]) {
    case 'BEGIN':
      return 'begin';
    case 'COMMIT':
    case 'END':
      return 'commit';
    case 'ROLLBACK':
      return opening[1] === 'TO' || opening[2] === 'TO' ? undefined : 'rollback';
    case 'SAVEPOINT':
      return 'savepoint';
    default:
      return undefined;
  }
}

function failed(statement: SqlStatement, cause: unknown, which: string): Error {
  const verb = statement.returnsRows ? 'execute' : 'exec';
  const detail = cause instanceof Error ? cause.message : String(cause);
  const reason = `Failed to ${verb} query: ${detail} (${which})`;
  // What SQLite itself refuses is the sender's mistake; everything else keeps the status of its cause.
  const isMistake =
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'SQL' || cause.code === 'BAD_REQUEST');
  return isMistake
    ? new MicroclusterError('BAD_REQUEST', { reason }, { cause })
    : new Error(reason, { cause });
}

function badRequest(reason: string): MicroclusterError {
  return new MicroclusterError('BAD_REQUEST', { reason });
}
