/** TypeORM's abstract SQLite query runner: single statements on any connection, everything else on one of its own. */
import {
  NamedPlaceholdersNotSupportedError,
  type ObjectLiteral,
  QueryResult,
  QueryRunnerAlreadyReleasedError,
  type ReplicationMode,
  TransactionNotStartedError,
} from 'typeorm';
import { AbstractSqliteQueryRunner } from 'typeorm/driver/sqlite-abstract/AbstractSqliteQueryRunner.js';
import type { IsolationLevel } from 'typeorm/driver/types/IsolationLevel.js';
import { validateIsolationLevel } from 'typeorm/driver/validate-isolation-level.js';
import { Broadcaster } from 'typeorm/subscriber/Broadcaster.js';
import { classify, type Statement } from '../../client/statement.js';
import { DqliteError } from '../../errors/index.js';
import type {
  SqlCallOptions,
  SqlConnection,
  SqlResult,
  SqlRow,
  TransactionMode,
} from '../engine.js';
import { failed, observed } from './observed.js';
import type { PooledDriver } from './pooled-driver.js';
import { currentOptions } from './query-options.js';
import { RowStream } from './row-stream.js';
import { toSqlParameters } from '../sql/parameters.js';

/** Rebuilding a large table takes longer than a query may; used when nobody set a deadline, milliseconds. */
const MIGRATION_DEADLINE_MS = 600_000;
const NO_LIMITS: SqlCallOptions = {};

export class PooledQueryRunner extends AbstractSqliteQueryRunner {
  declare driver: PooledDriver;
  /** The connection of this runner's transaction, or of a user who asked for one. */
  private own: SqlConnection | undefined;
  /** Whether that connection outlives the transaction: somebody asked for it, or changed its settings. */
  private keepsOwn = false;
  private acquiring: Promise<SqlConnection> | undefined;
  private migrating = false;
  /** Whether COMMIT or ROLLBACK is under way: what comes behind it would commit by itself. */
  private isEnding = false;

  constructor(driver: PooledDriver, mode: ReplicationMode) {
    super();
    this.driver = driver;
    this.dataSource = driver.dataSource;
    this.broadcaster = new Broadcaster(this);
    this.mode = mode;
  }

  /** Takes a connection for this runner alone, until it is released. */
  override async connect(): Promise<SqlConnection> {
    this.refuseReleased();
    this.keepsOwn = true;
    return this.ownConnection(false);
  }

  /** Gives the connection back; an open transaction is rolled back. Idempotent. */
  override async release(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    this.isTransactionActive = false;
    await super.release();
    const own = this.own ?? (await this.acquiring?.catch(() => undefined));
    this.own = undefined;
    await own?.release();
  }

  override query(
    sql: string,
    parameters: unknown[] | ObjectLiteral | undefined,
    useStructuredResult: true,
  ): Promise<QueryResult<SqlRow>>;
  override query(
    sql: string,
    parameters?: unknown[] | ObjectLiteral,
    useStructuredResult?: boolean,
  ): Promise<unknown>;
  /** @throws QueryFailedError with the `DqliteError` as its `driverError`; `DqliteError` `NOT_OPEN` before the database is open */
  override async query(
    sql: string,
    parameters: unknown[] | ObjectLiteral = [],
    useStructuredResult = false,
  ): Promise<unknown> {
    this.refuseReleased();
    if (!Array.isArray(parameters)) throw new NamedPlaceholdersNotSupportedError();
    void this.driver.engine;
    const values: unknown[] = parameters;
    const result = await observed(this, sql, values, () => this.execute(sql, values));
    return useStructuredResult ? result : result.raw;
  }

  override async stream(
    sql: string,
    parameters: unknown[] = [],
    onEnd?: () => unknown,
    onError?: (error: Error) => unknown,
  ): Promise<RowStream> {
    this.refuseReleased();
    const executor = this.own ?? this.driver.engine;
    this.dataSource.logger.logQuery(sql, parameters, this);
    const rows = this.failing(sql, parameters, () => {
      this.refuseEnding();
      return executor.stream(sql, toSqlParameters(parameters), this.limits());
    });
    return new RowStream(rows, async (error) => {
      await (error ? onError?.(error) : onEnd?.());
    });
  }

  /** Immediate, unless the runner only reads; within a transaction, a savepoint. */
  override async startTransaction(isolationLevel?: IsolationLevel): Promise<void> {
    this.refuseReleased();
    validateIsolationLevel(
      this.driver.supportedIsolationLevels,
      isolationLevel ?? this.dataSource.options.isolationLevel,
    );
    await this.broadcast('BeforeTransactionStart');
    if (this.transactionDepth === 0) {
      await this.begin(this.mode === 'slave' ? 'deferred' : 'immediate');
    } else {
      await this.query(`SAVEPOINT typeorm_${this.transactionDepth}`);
      this.transactionDepth += 1;
    }
    await this.broadcast('AfterTransactionStart');
  }

  override async commitTransaction(): Promise<void> {
    if (!this.isTransactionActive) throw new TransactionNotStartedError();
    await this.broadcast('BeforeTransactionCommit');
    if (this.transactionDepth > 1) {
      await this.query(`RELEASE SAVEPOINT typeorm_${this.transactionDepth - 1}`);
      this.transactionDepth -= 1;
    } else {
      await this.commit();
    }
    await this.broadcast('AfterTransactionCommit');
  }

  override async rollbackTransaction(): Promise<void> {
    if (!this.isTransactionActive) throw new TransactionNotStartedError();
    await this.broadcast('BeforeTransactionRollback');
    if (this.transactionDepth > 1) {
      this.transactionDepth -= 1;
      await this.query(`ROLLBACK TO SAVEPOINT typeorm_${this.transactionDepth}`);
    } else {
      await this.rollback();
    }
    await this.broadcast('AfterTransactionRollback');
  }

  /** Foreign keys off, so that rebuilding a table deletes nothing that refers to it. Without effect within a transaction. */
  override async beforeMigration(): Promise<void> {
    this.migrating = true;
    if (!this.isTransactionActive) await this.query('PRAGMA foreign_keys = OFF');
  }

  override async afterMigration(): Promise<void> {
    if (!this.isTransactionActive) await this.query('PRAGMA foreign_keys = ON');
    this.migrating = false;
  }

  private async execute(sql: string, values: readonly unknown[]): Promise<QueryResult> {
    const parameters = toSqlParameters(values);
    const statement = classify(sql);
    switch (statement.kind) {
      case 'begin':
        await this.beginNow(
          statement.beginMode === 'deferred' && /deferred/i.test(sql) ? 'deferred' : 'immediate',
        );
        return new QueryResult();
      case 'commit':
        await this.commitNow();
        return new QueryResult();
      case 'rollback':
        await this.rollbackNow();
        return new QueryResult();
      default:
        return this.toQueryResult(statement, await this.run(statement, sql, parameters));
    }
  }

  private async run(
    statement: Statement,
    sql: string,
    parameters: ReturnType<typeof toSqlParameters>,
  ): Promise<SqlResult> {
    this.refuseEnding();
    if (this.isTransactionActive && this.mode === 'slave' && statement.writes) {
      throw new DqliteError('STATEMENT_REFUSED', {
        statement: 'A writing statement',
        reason: 'the transaction was begun for reading only',
      });
    }
    if (!this.isTransactionActive && statement.kind === 'savepoint') {
      throw new DqliteError('STATEMENT_REFUSED', {
        statement: 'A savepoint outside of a transaction',
        reason: 'it would begin one that may have to be repeated; begin a transaction first',
      });
    }
    if (!this.own && statement.taints) this.keepsOwn = true;
    const executor = this.keepsOwn
      ? await this.ownConnection(false)
      : (this.own ?? this.driver.engine);
    return executor.run(sql, parameters, this.limits());
  }

  private toQueryResult(statement: Statement, result: SqlResult): QueryResult {
    const structured = new QueryResult<SqlRow>();
    if (statement.useQuery) {
      structured.records = toRecords(result);
      structured.raw = structured.records;
      if (statement.returning) structured.affected = result.rowsAffected;
    } else if (statement.kind === 'write') {
      structured.affected = result.rowsAffected;
      structured.raw = INSERTS.test(statement.sql) ? result.lastInsertId : result.rowsAffected;
    }
    return structured;
  }

  private async begin(mode: TransactionMode): Promise<void> {
    const sql = mode === 'immediate' ? 'BEGIN IMMEDIATE' : 'BEGIN DEFERRED';
    await observed(this, sql, [], () => this.beginNow(mode).then(() => new QueryResult()));
  }

  private async commit(): Promise<void> {
    await observed(this, 'COMMIT', [], () => this.commitNow().then(() => new QueryResult()));
  }

  private async rollback(): Promise<void> {
    await observed(this, 'ROLLBACK', [], () => this.rollbackNow().then(() => new QueryResult()));
  }

  private async beginNow(mode: TransactionMode): Promise<void> {
    this.refuseEnding();
    const own = await this.ownConnection(mode === 'immediate');
    try {
      await own.begin(mode, this.limits());
    } catch (error) {
      if (!this.isTransactionActive) await this.letGo();
      throw error;
    }
    this.isTransactionActive = true;
    this.transactionDepth = 1;
  }

  private async commitNow(): Promise<void> {
    await this.ending(async () => {
      await this.own?.commit(this.limits());
      this.isTransactionActive = false;
      this.transactionDepth = 0;
      await this.letGo();
    });
  }

  /** Without limits: what was cancelled must be rolled back all the same. */
  private async rollbackNow(): Promise<void> {
    this.isTransactionActive = false;
    this.transactionDepth = 0;
    await this.ending(async () => {
      try {
        await this.own?.rollback(NO_LIMITS);
      } finally {
        await this.letGo();
      }
    });
  }

  /** Refuses statements that come meanwhile; those given before are sent before COMMIT or ROLLBACK, or not at all. */
  private async ending(end: () => Promise<void>): Promise<void> {
    this.isEnding = true;
    try {
      await end();
    } finally {
      this.isEnding = false;
    }
  }

  /** After a transaction: whoever waits for the connection, or for the right to write, gets it. */
  private async letGo(): Promise<void> {
    if (this.keepsOwn) return;
    const { own } = this;
    this.own = undefined;
    await own?.release();
  }

  /** This runner's own connection, acquired once. */
  private async ownConnection(write: boolean): Promise<SqlConnection> {
    if (this.own) return this.own;
    this.acquiring ??= this.driver.engine.acquire({ ...this.limits(), write });
    try {
      this.own = await this.acquiring;
      return this.own;
    } finally {
      this.acquiring = undefined;
    }
  }

  private limits(): SqlCallOptions {
    const limits = currentOptions();
    return this.migrating && limits.deadlineMs === undefined
      ? { ...limits, deadlineMs: MIGRATION_DEADLINE_MS }
      : limits;
  }

  private async *failing(
    sql: string,
    parameters: unknown[],
    open: () => AsyncIterable<SqlRow>,
  ): AsyncGenerator<SqlRow, void, undefined> {
    try {
      yield* open();
    } catch (thrown) {
      throw failed(this, sql, parameters, thrown);
    }
  }

  private async broadcast(event: TransactionEvent): Promise<void> {
    if (this.dataSource.subscribers.length > 0) await this.broadcaster.broadcast(event);
  }

  private refuseEnding(): void {
    if (this.isEnding) throw new DqliteError('TRANSACTION_ENDED', { address: 'the database' });
  }

  private refuseReleased(): void {
    if (this.isReleased) throw new QueryRunnerAlreadyReleasedError();
  }
}

type TransactionEvent = Extract<
  Parameters<Broadcaster['broadcast']>[0],
  `${'Before' | 'After'}Transaction${string}`
>;

const INSERTS = /^(?:insert|replace|with\b.*\b(?:insert|replace)\s+into)\b/is;

function toRecords({ columns, rows }: SqlResult): SqlRow[] {
  return rows.map((row) => {
    const record: SqlRow = {};
    for (let i = 0; i < columns.length; i += 1) record[columns[i] ?? ''] = row[i] ?? null;
    return record;
  });
}
