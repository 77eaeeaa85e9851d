/** Sizes and writes parameter tuples in both formats (`spec/dqlite.md` A.4). */
import { DqliteError } from '../errors/index.js';
import type { SqlParameter } from '../values.js';
import { padded } from './body-reader.js';
import { MAX_NARROW_PARAMETERS, VALUE_TYPE, WORD } from './constants.js';
import type { TupleSchema } from './messages.js';
import { formatTimestamp } from './timestamps.js';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const TWO_TO_32 = 0x1_0000_0000;

/** Bytes in front of the type codes: the count. */
const COUNT_BYTES = { 0: 1, 1: 4 } as const;

/**
 * Bytes that {@link writeParameters} will write; no parameters, no tuple.
 *
 * @throws DqliteError INVALID_PARAMETER when a value cannot be carried unchanged
 */
export function parametersSize(parameters: readonly SqlParameter[], schema: TupleSchema): number {
  const count = parameters.length;
  if (count === 0) return 0;
  if (schema === 0 && count > MAX_NARROW_PARAMETERS) {
    throw new RangeError(`${count} parameters do not fit a tuple of the old format`);
  }
  let size = padded(COUNT_BYTES[schema] + count);
  for (let i = 0; i < count; i++) size += valueSize(parameters[i], i + 1);
  return size;
}

/** Writes the tuple into zeroed memory at `offset` and returns where it ends. */
export function writeParameters(
  target: Buffer,
  offset: number,
  parameters: readonly SqlParameter[],
  schema: TupleSchema,
): number {
  const count = parameters.length;
  if (count === 0) return offset;
  const types = offset + COUNT_BYTES[schema];
  if (schema === 0) target[offset] = count;
  else target.writeUInt32LE(count, offset);
  let cursor = offset + padded(COUNT_BYTES[schema] + count);
  for (let i = 0; i < count; i++) {
    const value = parameters[i];
    if (value === undefined) throw invalid(i + 1, 'it is undefined; use null');
    target[types + i] = typeOf(value);
    cursor = writeValue(target, cursor, value);
  }
  return cursor;
}

function typeOf(value: SqlParameter): number {
  switch (typeof value) {
    case 'string':
      return VALUE_TYPE.text;
    case 'number':
      return Number.isSafeInteger(value) ? VALUE_TYPE.integer : VALUE_TYPE.float;
    case 'bigint':
      return VALUE_TYPE.integer;
    case 'boolean':
      return VALUE_TYPE.boolean;
    default:
      if (value === null) return VALUE_TYPE.null;
      return value instanceof Date ? VALUE_TYPE.iso8601 : VALUE_TYPE.blob;
  }
}

function valueSize(value: SqlParameter | undefined, position: number): number {
  switch (typeof value) {
    case 'string':
      return textSize(value, position);
    case 'number':
    case 'boolean':
      return WORD;
    case 'bigint':
      if (value < INT64_MIN || value > INT64_MAX) {
        throw invalid(position, 'it does not fit 64 bits; send it as text');
      }
      return WORD;
    case 'object':
      if (value === null) return WORD;
      if (value instanceof Uint8Array) return WORD + padded(value.byteLength);
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw invalid(position, 'it is an invalid Date');
        return padded(Buffer.byteLength(formatTimestamp(value)) + 1);
      }
      throw invalid(position, 'it is an object; send a value, a Date or bytes');
    default:
      throw invalid(
        position,
        `it is ${typeof value === 'undefined' ? 'undefined; use null' : `a ${typeof value}`}`,
      );
  }
}

/** A text would silently end at its first NUL, so one with a NUL is refused. */
function textSize(text: string, position: number): number {
  if (text.includes('\0')) throw invalid(position, 'it contains a NUL; send it as bytes');
  return padded(Buffer.byteLength(text) + 1);
}

function writeValue(target: Buffer, offset: number, value: SqlParameter): number {
  switch (typeof value) {
    case 'string':
      return offset + padded(target.write(value, offset, 'utf8') + 1);
    case 'number':
      if (Number.isSafeInteger(value)) {
        target.writeInt32LE(Math.floor(value / TWO_TO_32), offset + 4);
        target.writeUInt32LE(value >>> 0, offset);
      } else {
        target.writeDoubleLE(value, offset);
      }
      return offset + WORD;
    case 'bigint':
      target.writeBigInt64LE(value, offset);
      return offset + WORD;
    case 'boolean':
      target[offset] = value ? 1 : 0;
      return offset + WORD;
    default:
      if (value === null) return offset + WORD;
      if (value instanceof Date) {
        return offset + padded(target.write(formatTimestamp(value), offset, 'latin1') + 1);
      }
      target.writeUInt32LE(value.byteLength, offset);
      target.set(value, offset + WORD);
      return offset + WORD + padded(value.byteLength);
  }
}

function invalid(position: number, reason: string): DqliteError {
  return new DqliteError('INVALID_PARAMETER', { position, reason });
}
