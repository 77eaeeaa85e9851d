/** TypeORM's abstract SQLite driver, over an engine with a pool instead of a single connection. */
import type { EntityMetadata, ObjectLiteral, ReplicationMode, TableColumn } from 'typeorm';
import { AbstractSqliteDriver } from 'typeorm/driver/sqlite-abstract/AbstractSqliteDriver.js';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { OrmUtils } from 'typeorm/util/OrmUtils.js';
import { DqliteError } from '../../errors/index.js';
import {
  DECLARED_TYPES,
  fromDriver,
  isBigint,
  isConverted,
  NOW,
  safeDeclaration,
} from './column-types.js';
import type { DqliteDataSource } from './data-source.js';
import type { SqlEngine } from '../engine.js';
import { PooledQueryRunner } from './pooled-query-runner.js';
import { currentOptions } from './query-options.js';

/** How TypeORM sets the update and delete date columns of an UPDATE. */
const TYPEORM_NOW = /(?<=^UPDATE .* SET .*" = )CURRENT_TIMESTAMP(?=,| WHERE| RETURNING|$)/gs;

export class PooledDriver extends AbstractSqliteDriver {
  private current: SqlEngine | undefined;

  /** @param source the engine, or how to make it when the data source is initialized */
  constructor(
    dataSource: DqliteDataSource,
    private readonly source: SqlEngine | (() => SqlEngine),
  ) {
    super(dataSource);
    this.supportedIsolationLevels = ['SERIALIZABLE'];
    this.supportedDataTypes = [...this.supportedDataTypes, ...DECLARED_TYPES];
    this.mappedDataTypes = {
      ...this.mappedDataTypes,
      createDateDefault: NOW,
      updateDateDefault: NOW,
    };
  }

  /**
   * The engine, once it is open.
   *
   * @throws DqliteError `NOT_OPEN` before the data source is initialized and after it is destroyed
   */
  get engine(): SqlEngine {
    if (!this.current?.isOpen) throw new DqliteError('NOT_OPEN', { what: 'The database' });
    return this.current;
  }

  override async connect(): Promise<void> {
    if (typeof this.source !== 'function') {
      await this.source.open(currentOptions());
      this.current = this.source;
      return;
    }
    const engine = this.source();
    try {
      await engine.open(currentOptions());
    } catch (error) {
      await engine.close();
      throw error;
    }
    this.current = engine;
  }

  override async disconnect(): Promise<void> {
    const engine = this.current;
    this.current = undefined;
    await engine?.close();
  }

  /** Mode `slave` makes a runner that only reads: its transactions are deferred and refuse to write. */
  createQueryRunner(mode: ReplicationMode): PooledQueryRunner {
    return new PooledQueryRunner(this, mode);
  }

  override normalizeType(column: Parameters<AbstractSqliteDriver['normalizeType']>[0]): string {
    const type: unknown = column.type;
    if (isBigint(column)) return isIncremented(column) ? 'integer' : 'bigint';
    if (typeof type === 'function' && type.prototype instanceof Uint8Array) return 'blob';
    return safeDeclaration(super.normalizeType(column));
  }

  override createFullType(column: TableColumn): string {
    return isConverted(column) ? safeDeclaration(column.type) : super.createFullType(column);
  }

  override preparePersistentValue(value: unknown, column: ColumnMetadata): unknown {
    const prepared: unknown = super.preparePersistentValue(value, column);
    // A property declared string may hold a 64-bit integer; it is stored and compared as one.
    return isBigint(column) && typeof prepared === 'string' && /^-?\d{1,19}$/.test(prepared)
      ? BigInt(prepared)
      : prepared;
  }

  override prepareHydratedValue(value: unknown, column: ColumnMetadata): unknown {
    return super.prepareHydratedValue(fromDriver(value, column), column);
  }

  /** As the base class, but with numbers bound too: then the text, and the prepared statement, is the same for all values. */
  override escapeQueryWithParameters(sql: string, parameters: ObjectLiteral): [string, unknown[]] {
    const bound = sql.startsWith('UPDATE') ? sql.replace(TYPEORM_NOW, NOW) : sql;
    const values: unknown[] = [];
    const text = bound.replaceAll(
      /:(\.\.\.)?([A-Za-z0-9_.]+)/g,
      (full, list: string | undefined, key: string) => {
        if (!Object.hasOwn(parameters, key)) return full;
        const value: unknown = parameters[key];
        if (typeof value === 'function') return String(value());
        const all: readonly unknown[] = list && Array.isArray(value) ? value : [value];
        values.push(...all);
        return all.map(() => '?').join(', ');
      },
    );
    return [text, values];
  }

  /** RETURNING is used where it saves a statement; see the insert query builder for INSERT. */
  override isReturningSqlSupported(): boolean {
    return true;
  }

  /**
   * What the database gave to row `index` of `count`.
   *
   * @param result the row that RETURNING answered, or the id of the last row
   */
  override createGeneratedMap(
    metadata: EntityMetadata,
    result: unknown,
    index = 0,
    count = 1,
  ): ObjectLiteral | undefined {
    if (typeof result === 'object' && result !== null) return this.mapRow(metadata, result);
    if (typeof result !== 'number' && typeof result !== 'bigint') return undefined;
    const column = metadata.generatedColumns.find((it) => it.generationStrategy === 'increment');
    if (!column || !result) return undefined;
    const behind = count - index - 1;
    const id = typeof result === 'bigint' ? result - BigInt(behind) : result - behind;
    return this.mapRow(metadata, { [column.databaseName]: id });
  }

  private mapRow(metadata: EntityMetadata, row: object): ObjectLiteral {
    const map: ObjectLiteral = {};
    for (const [name, value] of Object.entries(row)) {
      const column = metadata.findColumnWithDatabaseName(name);
      if (!column) continue;
      OrmUtils.mergeDeep(map, column.createValueMap(this.prepareHydratedValue(value, column)));
    }
    return map;
  }
}

function isIncremented(column: object): boolean {
  return (
    'isGenerated' in column &&
    column.isGenerated === true &&
    'generationStrategy' in column &&
    column.generationStrategy === 'increment'
  );
}
