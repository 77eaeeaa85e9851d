/** One open sqlite3 database handle: single statements, one at a time, each with a limit that interrupts it. */
import { classify } from '../../client/statement.js';
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter } from '../../values.js';
import { armLimit, refuseAborted } from '../call-limit.js';
import type { SqlCallOptions, SqlResult, SqlRow } from '../engine.js';
import { type BoundStatement, inlineParameters } from '../sql/literals.js';
import type { Sqlite3Binding, Sqlite3Database, Sqlite3Error, Sqlite3Row } from './binding.js';
import { mayBeRounded, toExactRow, withExactIntegers } from './exact-integers.js';
import { fromSqlite3Error, isInterrupted } from './sqlite-errors.js';
import { timeLeft } from './time-left.js';

/** Largest number of parameters that SQLite binds. */
const MAX_PARAMETERS = 32_766;
/** How long another process may hold the file before a statement fails with BUSY, milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;
/** An interrupt only reaches a statement that has begun, so it is repeated until the statement ends. */
const INTERRUPT_EVERY_MS = 2;

type Finish<T> = (error: Sqlite3Error | null, value?: T) => void;

/** Statements given while another one runs wait their turn. */
export class SqliteHandle {
  private last: Promise<unknown> = Promise.resolve();
  /** Whether nothing may begin any more. */
  private aborted = false;

  private constructor(
    private readonly db: Sqlite3Database,
    private readonly file: string,
    /** Milliseconds for a call that names no deadline. */
    readonly deadlineMs: number,
  ) {}

  /** Opens the file with write-ahead log and foreign keys, creating it when missing. */
  static async open(
    binding: Sqlite3Binding,
    file: string,
    deadlineMs: number,
  ): Promise<SqliteHandle> {
    const db = await new Promise<Sqlite3Database>((resolve, reject) => {
      const opened = new binding.Database(file, (error) => {
        if (error) reject(fromSqlite3Error(error, file));
        else resolve(opened);
      });
    });
    const handle = new SqliteHandle(db, file, deadlineMs);
    try {
      db.configure('busyTimeout', BUSY_TIMEOUT_MS);
      await handle.rows(plain('PRAGMA journal_mode = WAL'), {});
      await handle.rows(plain('PRAGMA foreign_keys = ON'), {});
    } catch (error) {
      await handle.close();
      throw error;
    }
    return handle;
  }

  async run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): Promise<SqlResult> {
    const { kind, returning, parameterCount } = classify(sql);
    const statement = bindable(sql, parameters, parameterCount);
    if (kind === 'write' && !returning) return this.write(statement, options);
    const rows = returning
      ? await this.returningRows(statement, options)
      : await this.exactRows(statement, kind === 'read', options);
    const columns = Object.keys(rows[0] ?? {});
    return {
      columns,
      rows: rows.map((row) => columns.map((name) => row[name] ?? null)),
      rowsAffected: returning ? rows.length : 0,
      lastInsertId: 0,
    };
  }

  /** The rows of a query, fetched one at a time. */
  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): AsyncGenerator<SqlRow, void, undefined> {
    const { kind, parameterCount } = classify(sql);
    if (kind !== 'read') {
      throw new DqliteError('STATEMENT_REFUSED', {
        statement: 'A streamed statement',
        reason: 'only statements that read can be streamed',
      });
    }
    const statement = bindable(sql, parameters, parameterCount);
    const columns = await this.columnsOf(statement, options);
    if (columns.length === 0) return;
    const exact = { ...statement, sql: withExactIntegers(statement.sql, columns) };
    for await (const row of this.steps(exact, options)) yield toExactRow(row, columns);
  }

  /** Waits for the running statement, then closes. Never rejects. */
  async close(): Promise<void> {
    await this.last;
    await new Promise<void>((resolve) => this.db.close(() => resolve()));
  }

  /** As {@link close}, but ends the running statement with an error, also those that are about to begin. */
  async abort(): Promise<void> {
    this.aborted = true;
    this.db.interrupt();
    const interrupting = setInterval(() => this.db.interrupt(), INTERRUPT_EVERY_MS);
    await this.last;
    clearInterval(interrupting);
    await this.close();
  }

  private async write(statement: BoundStatement, options: SqlCallOptions): Promise<SqlResult> {
    const { lastID, changes } = await this.call<{ lastID: number; changes: number }>(
      options,
      (finish) =>
        this.db.run(statement.sql, statement.parameters, function onRun(error) {
          finish(error, error ? undefined : { lastID: this.lastID, changes: this.changes });
        }),
    );
    const inserted = /^\s*(?:insert|replace|with)\b/i.test(statement.sql);
    let lastInsertId: number | bigint = inserted ? lastID : 0;
    if (!Number.isSafeInteger(lastInsertId)) {
      const [row] = await this.rows(
        plain('SELECT CAST(last_insert_rowid() AS TEXT) AS id'),
        options,
      );
      lastInsertId = BigInt(String(row?.['id']));
    }
    return { columns: [], rows: [], rowsAffected: changes, lastInsertId };
  }

  private async exactRows(
    statement: BoundStatement,
    query: boolean,
    options: SqlCallOptions,
  ): Promise<readonly SqlRow[]> {
    const rows = await this.rows(statement, options);
    if (!query || !rows.some(mayBeRounded)) return rows;
    const columns = Object.keys(rows[0] ?? {});
    const exact = { ...statement, sql: withExactIntegers(statement.sql, columns) };
    return (await this.rows(exact, options)).map((row) => toExactRow(row, columns));
  }

  /** A write cannot be repeated to read its result exactly: it is undone instead of answered wrongly. */
  private async returningRows(
    statement: BoundStatement,
    options: SqlCallOptions,
  ): Promise<readonly SqlRow[]> {
    await this.rows(plain('SAVEPOINT microcluster_returning'), options);
    try {
      const rows = await this.rows(statement, options);
      if (rows.some(mayBeRounded)) {
        throw new DqliteError('STATEMENT_REFUSED', {
          statement: statement.sql,
          reason:
            'sqlite3 rounds integers beyond 2^53 in a RETURNING clause; return them as CAST(... AS TEXT), or select them afterwards',
        });
      }
      await this.rows(plain('RELEASE microcluster_returning'), options);
      return rows;
    } catch (error) {
      await this.rows(plain('ROLLBACK TO microcluster_returning'), {}).catch(() => []);
      await this.rows(plain('RELEASE microcluster_returning'), {}).catch(() => []);
      throw error;
    }
  }

  private rows(statement: BoundStatement, options: SqlCallOptions): Promise<Sqlite3Row[]> {
    return this.call<Sqlite3Row[]>(options, (finish) =>
      this.db.all(statement.sql, statement.parameters, finish),
    );
  }

  private async columnsOf(statement: BoundStatement, options: SqlCallOptions): Promise<string[]> {
    for await (const row of this.steps(statement, options)) return Object.keys(row);
    return [];
  }

  private async *steps(
    { sql, parameters }: BoundStatement,
    options: SqlCallOptions,
  ): AsyncGenerator<Sqlite3Row, void, undefined> {
    const prepared = await this.call<ReturnType<Sqlite3Database['prepare']>>(options, (finish) => {
      const opened = this.db.prepare(sql, parameters, (error) => finish(error, opened));
    });
    try {
      for (;;) {
        const row = await this.call<Sqlite3Row | null>(options, (finish) =>
          prepared.get((error, value) => finish(error, value ?? null)),
        );
        if (row === null) return;
        yield row;
      }
    } finally {
      await new Promise<void>((resolve) => prepared.finalize(() => resolve()));
    }
  }

  /** Runs one call of the binding in turn; when the limit ends it, it is interrupted and its own outcome awaited. */
  private call<T>(options: SqlCallOptions, start: (finish: Finish<T>) => void): Promise<T> {
    const askedAt = performance.now();
    const turn = this.last.then(() => this.limited(timeLeft(askedAt, options), start));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private limited<T>(options: SqlCallOptions, start: (finish: Finish<T>) => void): Promise<T> {
    this.refuseToStart(options);
    return new Promise<T>((resolve, reject) => {
      let limit: DqliteError | undefined;
      let interrupting: NodeJS.Timeout | undefined;
      const disarm = armLimit('A statement', options, this.deadlineMs, (error) => {
        limit = error;
        this.db.interrupt();
        interrupting = setInterval(() => this.db.interrupt(), INTERRUPT_EVERY_MS);
      });
      start((error, value) => {
        disarm();
        clearInterval(interrupting);
        if (!error && value !== undefined) resolve(value);
        else if (error && isInterrupted(error)) {
          reject(limit ?? new DqliteError('ABORTED', { what: 'A statement' }, { cause: error }));
        } else if (error) reject(fromSqlite3Error(error, this.file));
        else reject(new DqliteError('MISUSE', { what: 'sqlite3', reason: 'it gave no result' }));
      });
    });
  }

  /** What would be interrupted at once is not started: an interrupted write ends its transaction. */
  private refuseToStart({ signal, deadlineMs = this.deadlineMs }: SqlCallOptions): void {
    refuseAborted('A statement', signal);
    if (this.aborted) throw new DqliteError('ABORTED', { what: 'A statement' });
    if (deadlineMs <= 0) throw new DqliteError('TIMEOUT', { what: 'A statement', ms: 0 });
  }
}

function plain(sql: string): BoundStatement {
  return { sql, parameters: [] };
}

/** sqlite3 binds only 32-bit integers as such, loses bigints and turns empty blobs into NULL: those become literals. */
function bindable(
  sql: string,
  parameters: readonly SqlParameter[],
  expected: number,
): BoundStatement {
  if (parameters.length !== expected) {
    throw new DqliteError('PARAMETER_COUNT', { given: parameters.length, expected });
  }
  const excess = parameters.length > MAX_PARAMETERS;
  const inline = (value: SqlParameter, index: number): boolean =>
    needsLiteral(value) || (excess && index >= MAX_PARAMETERS);
  return parameters.some(inline) ? inlineParameters(sql, parameters, inline) : { sql, parameters };
}

function needsLiteral(value: SqlParameter): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value === 'number') return Number.isInteger(value) && value !== (value | 0);
  return value instanceof Uint8Array && value.byteLength === 0;
}
