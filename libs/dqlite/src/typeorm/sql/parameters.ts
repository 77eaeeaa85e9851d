/** Turns what TypeORM and its users pass as parameters into values that both engines store alike. */
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter } from '../../values.js';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Parses the parameters of one statement. Booleans become 0 and 1, dates text in UTC with milliseconds
 * (`2026-01-31 12:00:00.000`), every byte array a Buffer.
 *
 * @throws DqliteError `INVALID_PARAMETER` for what SQLite or the wire protocol would change silently
 */
export function toSqlParameters(values: readonly unknown[]): SqlParameter[] {
  return values.map(toSqlParameter);
}

function toSqlParameter(value: unknown, index: number): SqlParameter {
  if (value === null) return null;
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) {
        throw invalid(index, 'its text contains a NUL character, at which dqlite would cut it off');
      }
      return value;
    case 'number':
      if (Number.isNaN(value))
        throw invalid(index, 'it is not a number, which SQLite would store as NULL');
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'bigint':
      if (value < INT64_MIN || value > INT64_MAX)
        throw invalid(index, 'it does not fit into 64 bits');
      return value;
    case 'undefined':
      throw invalid(index, 'it is undefined; use null for an SQL NULL');
    default:
      return toSqlObject(value, index);
  }
}

function toSqlObject(value: unknown, index: number): SqlParameter {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(index, 'it is an invalid date');
    return formatUtc(value);
  }
  throw invalid(
    index,
    'it is neither a number, text, a boolean, a date nor bytes; convert it first',
  );
}

/** A point in time as the text that TypeORM stores: `YYYY-MM-DD HH:MM:SS.mmm`, in UTC. */
export function formatUtc(date: Date): string {
  return date.toISOString().replace('T', ' ').replace('Z', '');
}

function invalid(index: number, reason: string): DqliteError {
  return new DqliteError('INVALID_PARAMETER', { position: index + 1, reason });
}
