/** Makes an INSERT of TypeORM learn what it stored: by knowing it beforehand where it can, by RETURNING where it cannot. */
import { InsertQueryBuilder, type ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { NOW } from './column-types.js';

/**
 * TypeORM's SQLite drivers read back defaults and dates by a second statement, and report a wrong id when an
 * upsert updated a row. Here dates, versions and constant defaults are set by the client, so that a plain
 * INSERT is one statement and one round trip; an upsert, and a default that is an expression, uses RETURNING.
 */
export class KnowingInsertQueryBuilder<
  Entity extends ObjectLiteral,
> extends InsertQueryBuilder<Entity> {
  /** One moment for all rows and columns of the statement. */
  private now = new Date();

  override execute(): ReturnType<InsertQueryBuilder<Entity>['execute']> {
    this.now = new Date();
    // RETURNING says nothing of rows that were ignored, so that with several rows it is unknown which it speaks of.
    if (this.expressionMap.onIgnore && this.getValueSets().length > 1) this.updateEntity(false);
    return super.execute();
  }

  protected override createInsertExpression(): string {
    const sql = super.createInsertExpression();
    const returning = this.needsReturning() ? this.createReturningExpression('insert') : '';
    return returning ? `${sql} RETURNING ${returning}` : sql;
  }

  protected override createColumnValueExpression(
    valueSets: ObjectLiteral[],
    index: number,
    column: ColumnMetadata,
  ): string {
    const valueSet = valueSets[index];
    const given: unknown = valueSet && column.getEntityValue(valueSet);
    const known = given === undefined ? this.knownValue(column) : undefined;
    if (known === undefined || !this.learns()) {
      return super.createColumnValueExpression(valueSets, index, column);
    }
    const generated = (this.expressionMap.locallyGenerated[index] ??= {});
    column.setEntityValue(generated, known);
    if (!(known instanceof Date))
      return super.createColumnValueExpression(valueSets, index, column);
    return this.createParameter(this.dataSource.driver.preparePersistentValue(known, column));
  }

  /** Whether the entities are to be completed after the INSERT. */
  private learns(): boolean {
    return this.expressionMap.extraReturningColumns.length > 0;
  }

  private needsReturning(): boolean {
    const { returning, extraReturningColumns: unknown, onUpdate, onIgnore } = this.expressionMap;
    if (typeof returning === 'string' || (Array.isArray(returning) && returning.length > 0))
      return true;
    if (unknown.length === 0) return false;
    if (onUpdate || onIgnore) return true;
    const valueSets = this.getValueSets();
    return unknown.some((column) => !this.isKnown(column, valueSets));
  }

  private isKnown(column: ColumnMetadata, valueSets: readonly ObjectLiteral[]): boolean {
    const values: unknown[] = valueSets.map((valueSet) => column.getEntityValue(valueSet));
    if (column.isGenerated && column.generationStrategy === 'increment') {
      // The ids of one INSERT count up to the last one, if all of them were made by the database.
      return valueSets.length === 1 || values.every((value) => value === undefined);
    }
    return values.every((value) =>
      value === undefined
        ? column.generationStrategy === 'uuid' || this.knownValue(column) !== undefined
        : typeof value !== 'function',
    );
  }

  /** What the column will hold when no value is given; undefined when only the database knows. */
  private knownValue(column: ColumnMetadata): unknown {
    if (column.transformer || column.asExpression !== undefined) return undefined;
    if (column.isVersion) return 1;
    if (column.isDeleteDate) return null;
    if (column.isCreateDate || column.isUpdateDate) {
      const isOurs = this.dataSource.driver.normalizeDefault(column) === NOW;
      return isOurs ? this.now : undefined;
    }
    const { default: value } = column;
    const isPlain =
      (column.type === String && typeof value === 'string') ||
      (column.type === 'varchar' && typeof value === 'string') ||
      (column.type === 'text' && typeof value === 'string') ||
      (column.type === Number && typeof value === 'number') ||
      (column.type === 'integer' && typeof value === 'number') ||
      (column.type === Boolean && typeof value === 'boolean');
    return isPlain ? value : undefined;
  }
}

/** The entry point of every builder of the data source. */
export class KnowingSelectQueryBuilder<
  Entity extends ObjectLiteral,
> extends SelectQueryBuilder<Entity> {
  override insert(): InsertQueryBuilder<Entity> {
    this.expressionMap.queryType = 'insert';
    return new KnowingInsertQueryBuilder<Entity>(this);
  }
}
