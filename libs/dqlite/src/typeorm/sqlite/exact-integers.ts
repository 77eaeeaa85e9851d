/** Reads integers beyond 2^53 exactly, which sqlite3 itself returns as rounded numbers. */
import type { SqlValue } from '../../values.js';
import type { SqlRow } from '../engine.js';
import type { Sqlite3Row } from './binding.js';

const MAX = Number.MAX_SAFE_INTEGER;
/** Cannot occur in a name that SQLite accepts from a statement. */
const SUFFIX = '\u0001exact';

/** Whether sqlite3 may have rounded a value of the row. */
export function mayBeRounded(row: Sqlite3Row): boolean {
  for (const name in row) {
    const value = row[name];
    if (typeof value === 'number' && (value > MAX || value < -MAX)) return true;
  }
  return false;
}

/** The same query with a second column per column that holds the digits of an integer beyond 2^53, or NULL. */
export function withExactIntegers(sql: string, columns: readonly string[]): string {
  const names = columns.map(quote);
  const digits = columns.map(
    (name, i) =>
      `CASE WHEN typeof(${names[i]}) = 'integer' AND ${names[i]} NOT BETWEEN ${-MAX} AND ${MAX}` +
      ` THEN CAST(${names[i]} AS TEXT) END AS ${quote(name + SUFFIX)}`,
  );
  return `SELECT ${[...names, ...digits].join(', ')} FROM (${sql.replace(/(?:\s|;)+$/, '')}\n)`;
}

/** A row of {@link withExactIntegers} as a row of the query itself. */
export function toExactRow(row: Sqlite3Row, columns: readonly string[]): SqlRow {
  const exact: Record<string, SqlValue> = {};
  for (const name of columns) {
    const digits = row[name + SUFFIX];
    exact[name] = typeof digits === 'string' ? BigInt(digits) : (row[name] ?? null);
  }
  return exact;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
