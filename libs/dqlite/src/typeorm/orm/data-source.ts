/** The TypeORM data source of the library: replicated over dqlite, or embedded over sqlite3, with the same behaviour. */
import {
  DataSource,
  type EntityManager,
  type EntityTarget,
  type ObjectLiteral,
  type QueryRunner,
  type SelectQueryBuilder,
} from 'typeorm';
import type { BaseDataSourceOptions } from 'typeorm/data-source/BaseDataSourceOptions.js';
import { MigrationExecutor } from 'typeorm/migration/MigrationExecutor.js';
import { DqliteError } from '../../errors/index.js';
import { isConverted } from './column-types.js';
import type { SqlCallOptions, SqlEngine } from '../engine.js';
import { KnowingSelectQueryBuilder } from './insert-query-builder.js';
import { PooledDriver } from './pooled-driver.js';
import { PooledQueryRunner } from './pooled-query-runner.js';
import { currentOptions, withSqlOptions } from './query-options.js';
import { retryingCalls, type RetryCallOptions } from './retrying-calls.js';

/** TypeORM's common options, and the engine instead of a type and connection settings. */
export interface DqliteDataSourceOptions extends Omit<
  BaseDataSourceOptions,
  'type' | 'poolSize' | 'extra' | 'typename'
> {
  /**
   * The database. The data source opens it in `initialize()` and closes it in `destroy()`.
   * A function is called by each `initialize()`, so that one data source can be opened again.
   */
  readonly engine: SqlEngine | (() => SqlEngine);
}

/**
 * A `DataSource` that TypeORM, and everything built on it, can use as any other.
 *
 * Every transaction has a connection of its own; write transactions take the right to write when they
 * begin, one after another. Columns are declared so that dqlite returns what was stored. Failed statements
 * reject with TypeORM's `QueryFailedError`, whose `driverError` is a `DqliteError`.
 *
 * @example
 * const dataSource = new DqliteDataSource({ engine: new DqliteEngine({ client }), entities: [Item] });
 * await dataSource.buildMetadatasEarly(); // repositories can be handed out from here on
 * await dataSource.initialize();
 */
export class DqliteDataSource extends DataSource {
  declare driver: PooledDriver;
  private metadatas: Promise<void> | undefined;

  constructor({ engine, ...options }: DqliteDataSourceOptions) {
    // TypeORM knows its drivers by name and treats this one as SQLite; `driver` keeps it from loading the package.
    super({ ...options, type: 'better-sqlite3', database: 'main', driver: {} });
    this.driver = new PooledDriver(this, engine);
  }

  /**
   * Builds the entities' metadata before the database is open. Repositories can then be created and injected;
   * their queries reject with a `DqliteError` `NOT_OPEN` until `initialize()` has opened the database.
   */
  async buildMetadatasEarly(): Promise<this> {
    await this.buildMetadatas();
    return this;
  }

  /**
   * Runs `fn` with these options for every statement in it, through whatever repository, builder or transaction.
   *
   * @param options `signal` cancels, `deadlineMs` counts from now: the statement under way is interrupted;
   * `consistency` is for statements outside of a transaction, and for transactions that begin within `fn`
   */
  withOptions<T>(options: SqlCallOptions, fn: () => T): T {
    return withSqlOptions(options, fn);
  }

  /**
   * A transaction that sees one snapshot and does not wait for writers. A writing statement in it is refused.
   *
   * @param options as for {@link withOptions}
   */
  async readTransaction<T>(
    fn: (manager: EntityManager) => Promise<T>,
    options: SqlCallOptions = {},
  ): Promise<T> {
    const runner = this.createQueryRunner('slave');
    try {
      return await withSqlOptions(options, () => runner.manager.transaction(fn));
    } finally {
      await runner.release();
    }
  }

  /**
   * A transaction that is run again when it certainly had no effect: its leader was lost, or another writer came first.
   *
   * @param fn may be called several times, so it should do nothing but what it does through its manager
   * @param options as for {@link withOptions}, for all attempts together; with `idempotent`, also a transaction whose
   * outcome is unknown is run again. Default deadline: the engine's
   * @returns what the attempt that was committed returned
   * @throws what the last attempt threw
   */
  retryableTransaction<T>(
    fn: (manager: EntityManager) => Promise<T>,
    options: RetryCallOptions = {},
  ): Promise<T> {
    return this.retrying(() => this.transaction(fn), options);
  }

  /**
   * Calls `fn` again as long as it fails with an error of the database that says that nothing happened.
   *
   * @param fn what an earlier attempt has committed must not keep a later one from succeeding
   * @param options as for {@link retryableTransaction}
   */
  async retrying<T>(fn: () => Promise<T>, options: RetryCallOptions = {}): Promise<T> {
    const { deadlineMs = this.driver.engine.deadlineMs } = currentOptions();
    return retryingCalls(fn, options, deadlineMs);
  }

  override createQueryBuilder<Entity extends ObjectLiteral>(
    entityClass: EntityTarget<Entity>,
    alias: string,
    queryRunner?: QueryRunner,
  ): SelectQueryBuilder<Entity>;
  override createQueryBuilder(queryRunner?: QueryRunner): SelectQueryBuilder<ObjectLiteral>;
  /** As in TypeORM; its INSERTs know what they stored. */
  override createQueryBuilder<Entity extends ObjectLiteral>(
    entityOrRunner?: EntityTarget<Entity> | QueryRunner,
    alias?: string,
    queryRunner?: QueryRunner,
  ): SelectQueryBuilder<Entity> | SelectQueryBuilder<ObjectLiteral> {
    if (alias === undefined) {
      const runner = isQueryRunner(entityOrRunner) ? entityOrRunner : undefined;
      return new KnowingSelectQueryBuilder<ObjectLiteral>(this, runner);
    }
    if (entityOrRunner === undefined || isQueryRunner(entityOrRunner)) {
      throw new DqliteError('MISUSE', {
        what: 'createQueryBuilder',
        reason: 'an alias needs an entity',
      });
    }
    const { target } = this.getMetadata(entityOrRunner);
    return new KnowingSelectQueryBuilder<Entity>(this, queryRunner)
      .select(alias)
      .from(target, alias);
  }

  override setOptions(options: Parameters<DataSource['setOptions']>[0]): this {
    this.metadatas = undefined;
    return super.setOptions(options);
  }

  /** As in TypeORM, but with foreign keys off before the transaction begins, where that has an effect. */
  override async undoLastMigration(
    options: Parameters<DataSource['undoLastMigration']>[0] = {},
  ): Promise<void> {
    const runner = this.createQueryRunner();
    try {
      await runner.beforeMigration();
      const executor = new MigrationExecutor(this, runner);
      executor.transaction = options.transaction ?? 'all';
      executor.fake = options.fake ?? false;
      await executor.undoLastMigration();
      await runner.afterMigration();
    } finally {
      await runner.release();
    }
  }

  /** Built once: `initialize()` must not replace the metadata of repositories that exist already. */
  protected override async buildMetadatas(): Promise<void> {
    this.metadatas ??= this.buildMetadatasOnce();
    try {
      await this.metadatas;
    } catch (error) {
      this.metadatas = undefined;
      throw error;
    }
  }

  private async buildMetadatasOnce(): Promise<void> {
    await super.buildMetadatas();
    for (const { columns } of this.entityMetadatas) {
      for (const column of columns) {
        // Their declarations have none, so that a configured one would look like a change of the schema for ever.
        if (isConverted(column)) delete column.precision;
        // TypeORM makes text of generated keys declared 'bigint'; the other name for the same type is left alone.
        if (column.type === 'bigint' && column.isGenerated) column.type = 'int8';
      }
    }
  }
}

function isQueryRunner(value: unknown): value is QueryRunner {
  return value instanceof PooledQueryRunner;
}
