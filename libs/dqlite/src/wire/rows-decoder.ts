/** Decodes the parts of a result (`spec/dqlite.md` A.4, A.6). */
import type { SqlValue } from '../values.js';
import { BodyReader } from './body-reader.js';
import { ROWS_DONE_HALF, ROWS_MORE_HALF, VALUE_TYPE, WORD } from './constants.js';
import { MalformedMessage } from './malformed.js';
import type { RowsPart } from './messages.js';
import { parseTimestamp, timestampOfSeconds } from './timestamps.js';

/** Columns whose type codes share one word. */
const COLUMNS_PER_WORD = 16;

/**
 * Decoder of the parts that arrive on one connection. Every part repeats the column names, so the names of the last
 * one are kept and compared as bytes.
 */
export class RowsDecoder {
  #header: Buffer = Buffer.alloc(0);
  #columns: readonly string[] = [];

  /** @throws MalformedMessage for anything that is not a part of a result */
  decode(body: Buffer): RowsPart {
    const done = endsDone(body);
    const reader = new BodyReader(body, body.length - WORD);
    const columns = this.#readColumns(reader);
    const rows: SqlValue[][] = [];
    if (columns.length === 0) {
      if (reader.remaining > 0) throw new MalformedMessage('a result without columns has rows');
    } else {
      while (reader.remaining > 0) rows.push(readRow(reader, columns.length));
    }
    return { type: 'rows', columns, rows, done };
  }

  #readColumns(reader: BodyReader): readonly string[] {
    const known = this.#header;
    if (
      known.length > 0 &&
      known.length <= reader.remaining &&
      reader.body.compare(known, 0, known.length, 0, known.length) === 0
    ) {
      reader.skip(known.length);
      return this.#columns;
    }
    const count = reader.count();
    if (count > reader.remaining / WORD) {
      throw new MalformedMessage('a result has more columns than its message can hold');
    }
    const columns: string[] = [];
    for (let i = 0; i < count; i++) columns.push(reader.text());
    this.#header = Buffer.from(reader.body.subarray(0, reader.offset));
    this.#columns = columns;
    return columns;
  }
}

/** Reads the marker at the end of a part: whether it is the last one. */
function endsDone(body: Buffer): boolean {
  if (body.length < 2 * WORD) throw new MalformedMessage('a result is too short');
  const low = body.readUInt32LE(body.length - 8);
  const high = body.readUInt32LE(body.length - 4);
  if (low === high && low === ROWS_DONE_HALF) return true;
  if (low === high && low === ROWS_MORE_HALF) return false;
  throw new MalformedMessage('a result has no end marker');
}

/** The type codes, four bits each, then the values. */
function readRow(reader: BodyReader, columns: number): SqlValue[] {
  const types = reader.skip(Math.ceil(columns / COLUMNS_PER_WORD) * WORD);
  const row: SqlValue[] = [];
  for (let i = 0; i < columns; i++) {
    const pair = reader.body[types + (i >> 1)] ?? 0;
    row.push(readValue(reader, (i & 1) === 0 ? pair & 15 : pair >> 4));
  }
  return row;
}

function readValue(reader: BodyReader, type: number): SqlValue {
  switch (type) {
    case VALUE_TYPE.integer:
      return reader.integer();
    case VALUE_TYPE.text:
      return reader.text();
    case VALUE_TYPE.null:
      reader.skip(WORD);
      return null;
    case VALUE_TYPE.float:
      return reader.float();
    case VALUE_TYPE.blob:
      return reader.blob();
    case VALUE_TYPE.boolean:
      return reader.flag();
    case VALUE_TYPE.unixTime:
      return timestampOfSeconds(reader.integer());
    case VALUE_TYPE.iso8601:
      return parseTimestamp(reader.text());
    default:
      throw new MalformedMessage(`a value has the unknown type ${type}`);
  }
}
