/** Which SQL types columns are declared with, and how their values come back as what the entity declares. */
import 'reflect-metadata';
import type { ColumnType } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { DqliteError } from '../../errors/index.js';

/**
 * dqlite's wire protocol changes values of columns declared BOOLEAN, DATE, DATETIME or TIMESTAMP: NULL comes
 * back as false or '', and a value of another class stops the server (`spec/dqlite.md` A.4, rule 11).
 * Columns are therefore declared with names that mean the same to SQLite and nothing to the protocol.
 */
const SAFE_DECLARATIONS: Readonly<Record<string, ColumnType>> = {
  boolean: 'bool',
  date: 'text',
  datetime: 'text',
  timestamp: 'text',
};

/** Every name in {@link SAFE_DECLARATIONS}, for TypeORM's list of supported types. */
export const DECLARED_TYPES: readonly ColumnType[] = ['bool'];

/** Now, in UTC with milliseconds, in SQL; SQLite's CURRENT_TIMESTAMP has seconds only. */
export const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

/** The declaration used instead of `type`, or `type` itself. */
export function safeDeclaration(type: string): string {
  return SAFE_DECLARATIONS[type.toLowerCase()]?.toString() ?? type;
}

/** Whether the column's values are converted and its declaration takes neither length nor precision. */
export function isConverted(column: { readonly type?: unknown }): boolean {
  const { type } = column;
  return (
    type === Date || type === Boolean || (typeof type === 'string' && type in SAFE_DECLARATIONS)
  );
}

/** Whether the column holds 64-bit integers: `@Column('bigint')`, `'int8'`, or a property declared `bigint`. */
export function isBigint(column: { readonly type?: unknown }): boolean {
  return column.type === 'bigint' || column.type === 'int8' || column.type === BigInt;
}

/** What a property declared in TypeScript expects of a 64-bit integer. */
type IntegerForm = 'bigint' | 'number' | 'string' | 'exact';
const forms = new WeakMap<ColumnMetadata, IntegerForm>();

/**
 * Brings a value of the driver into the form that TypeORM's own conversion expects.
 *
 * @throws DqliteError `MISUSE` for an integer beyond 2^53 in a property declared `number`
 */
export function fromDriver(value: unknown, column: ColumnMetadata): unknown {
  if (value === null || value === undefined) return value;
  if (isBigint(column)) return toForm(value, formOf(column), column);
  if (column.type === Number && typeof value === 'bigint') return toForm(value, 'number', column);
  if (column.type === 'date')
    return value instanceof Date ? value.toISOString().slice(0, 10) : value;
  if (column.type === 'datetime' || column.type === Date) return toDate(value);
  return value;
}

/** Text without a zone is UTC; numbers are seconds since 1970, as dqlite reads them. */
function toDate(value: unknown): unknown {
  if (typeof value === 'number') return new Date(value * 1000);
  if (typeof value !== 'string') return value;
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d)?$/.exec(
    value,
  );
  if (!match) return value;
  const [, day = '', time = '', zone = 'Z'] = match;
  return new Date(`${day}T${time}${zone}`);
}

function toForm(value: unknown, form: IntegerForm, column: ColumnMetadata): unknown {
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  switch (form) {
    case 'bigint':
      return typeof value === 'number' && !Number.isInteger(value) ? value : BigInt(value);
    case 'string':
      return `${value}`;
    case 'exact':
      return value;
    case 'number':
      if (typeof value === 'bigint') {
        throw new DqliteError('MISUSE', {
          what: `The column ${column.propertyPath}`,
          reason: `it holds ${value}, beyond what a number can hold; declare the property as bigint`,
        });
      }
      return value;
  }
}

function formOf(column: ColumnMetadata): IntegerForm {
  const known = forms.get(column);
  if (known) return known;
  const form = declaredForm(column);
  forms.set(column, form);
  return form;
}

/** By the property's type as the decorators recorded it; without one (an EntitySchema), numbers while they are exact. */
function declaredForm(column: ColumnMetadata): IntegerForm {
  const owner = column.embeddedMetadata?.type ?? column.target;
  if (typeof column.type !== 'string') return 'bigint';
  if (typeof owner !== 'function') return 'exact';
  const prototype: unknown = owner.prototype;
  if (typeof prototype !== 'object' || prototype === null) return 'exact';
  const type: unknown = Reflect.getMetadata('design:type', prototype, column.propertyName);
  if (type === BigInt) return 'bigint';
  if (type === String) return 'string';
  return type === Number ? 'number' : 'exact';
}
