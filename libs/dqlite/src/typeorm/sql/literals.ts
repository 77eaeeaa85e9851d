/** Writes parameter values into the statement, for those that a server or a binding cannot take as parameters. */
import type { SqlParameter } from '../../values.js';
import { findPlaceholders } from './placeholders.js';

/** A statement with the parameters that are still bound. */
export interface BoundStatement {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

const TWO_53 = 2 ** 53;

/**
 * Replaces the markers of the parameters chosen by `inline` by literals of exactly the same value and type.
 */
export function inlineParameters(
  sql: string,
  parameters: readonly SqlParameter[],
  inline: (value: SqlParameter, index: number) => boolean,
): BoundStatement {
  const bound: SqlParameter[] = [];
  let text = '';
  let copied = 0;
  for (const { start, end, index } of findPlaceholders(sql)) {
    const value = parameters[index] ?? null;
    text += sql.slice(copied, start);
    if (inline(value, index)) {
      // Spaces, so that the literal cannot run into a neighbouring word or operator.
      text += ` ${toLiteral(value)} `;
    } else {
      text += '?';
      bound.push(value);
    }
    copied = end;
  }
  return { sql: text + sql.slice(copied), parameters: bound };
}

/**
 * Brings the number of bound parameters down to `limit` by writing the others into the statement: those whose
 * literals are cheapest first, so that blobs and long texts stay bound while there is room.
 */
export function limitParameters(
  sql: string,
  parameters: readonly SqlParameter[],
  limit: number,
): BoundStatement {
  if (parameters.length <= limit) return { sql, parameters };
  const byCost = parameters
    .map((value, index) => ({ cost: literalCost(value), index }))
    .sort((a, b) => b.cost - a.cost);
  const kept = new Set(byCost.slice(0, limit).map(({ index }) => index));
  return inlineParameters(sql, parameters, (_, index) => !kept.has(index));
}

/** A value as an SQL literal (or constant expression) that SQLite reads back as the same value of the same type. */
export function toLiteral(value: SqlParameter): string {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return value < 0n ? `(${value})` : `${value}`;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') return numberLiteral(value);
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value instanceof Date) return `'${value.toISOString()}'`;
  return `x'${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}'`;
}

function literalCost(value: SqlParameter): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.byteLength * 2 + 16;
  return 0;
}

function numberLiteral(value: number): string {
  if (Number.isSafeInteger(value)) return value < 0 ? `(${value})` : `${value + 0}`;
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '(-9e999)';
  const text = `${value}`;
  // A decimal fraction of up to 15 digits is read exactly by every SQLite; older ones may be a unit off beyond.
  if (/^\d+\.\d+$/.test(text) && text.length <= 16) return text;
  return exactProduct(value);
}

/** `value` as an integer of at most 53 bits times or by powers of two, each step of which is exact. */
function exactProduct(value: number): string {
  let mantissa = value;
  let exponent = 0;
  for (; !Number.isInteger(mantissa); exponent -= 1) mantissa *= 2;
  for (; Math.abs(mantissa) > TWO_53; exponent += 1) mantissa /= 2;
  const operator = exponent < 0 ? '/' : '*';
  let scale = '';
  for (let rest = Math.abs(exponent); rest > 0; rest -= 53) {
    scale += ` ${operator} ${2 ** Math.min(rest, 53)}.0`;
  }
  return `(${mantissa}${scale})`;
}
