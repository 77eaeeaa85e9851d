/** The server's half of the codec, written from the specification alone: reads requests and writes responses for tests. */
import type { NodeRole, SqlParameter, SqlValue } from '../values.js';
import { REQUEST_TYPE, RESPONSE_TYPE, ROLES, VALUE_TYPE } from './constants.js';
import type { Request } from './messages.js';

const word = (value: bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, value));
  return buffer;
};
const float = (value: number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer;
};
/** Padding is unspecified on the wire, so tests fill it with something that is not zero. */
const pad = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8, 0xaa)]);
const text = (value: string): Buffer => pad(Buffer.concat([Buffer.from(value), Buffer.alloc(1)]));
const blob = (value: Uint8Array): Buffer =>
  Buffer.concat([word(BigInt(value.byteLength)), pad(Buffer.from(value))]);

/** A frame with its header. */
export function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(body.length / 8, 0);
  header[4] = type;
  return Buffer.concat([header, body]);
}

/** A value as a row carries it: its type code and its bytes. */
export interface WireValue {
  readonly type: number;
  readonly bytes: Buffer;
  /** What a reader is to make of it. */
  readonly expected: SqlValue;
}

export const wireValue = {
  integer: (value: bigint): WireValue => ({
    type: VALUE_TYPE.integer,
    bytes: word(value),
    expected: Number.isSafeInteger(Number(value)) ? Number(value) : value,
  }),
  float: (value: number): WireValue => ({
    type: VALUE_TYPE.float,
    bytes: float(value),
    expected: value,
  }),
  text: (value: string): WireValue => ({
    type: VALUE_TYPE.text,
    bytes: text(value),
    expected: value,
  }),
  blob: (value: Uint8Array): WireValue => ({
    type: VALUE_TYPE.blob,
    bytes: blob(value),
    expected: Buffer.from(value),
  }),
  null: (): WireValue => ({ type: VALUE_TYPE.null, bytes: word(0n), expected: null }),
  boolean: (value: boolean): WireValue => ({
    type: VALUE_TYPE.boolean,
    bytes: word(value ? 5n : 0n),
    expected: value,
  }),
  seconds: (value: number): WireValue => ({
    type: VALUE_TYPE.unixTime,
    bytes: word(BigInt(value)),
    expected: new Date(value * 1000),
  }),
  time: (value: string, expected: SqlValue): WireValue => ({
    type: VALUE_TYPE.iso8601,
    bytes: text(value),
    expected,
  }),
};

function row(values: readonly WireValue[]): Buffer {
  const types = Buffer.alloc(Math.ceil(values.length / 16) * 8);
  values.forEach(({ type }, i) => {
    types[i >> 1] = (types[i >> 1] ?? 0) | (type << (4 * (i & 1)));
  });
  return Buffer.concat([types, ...values.map(({ bytes }) => bytes)]);
}

export const response = {
  failure: (code: bigint, message: string, prefix: Buffer = Buffer.alloc(0)): Buffer =>
    frame(RESPONSE_TYPE.failure, Buffer.concat([prefix, word(code), text(message)])),
  server: (id: bigint, address: string): Buffer =>
    frame(RESPONSE_TYPE.server, Buffer.concat([word(id), text(address)])),
  welcome: (): Buffer => frame(RESPONSE_TYPE.welcome, word(15_000n)),
  servers: (servers: readonly { id: bigint; address: string; role: NodeRole }[]): Buffer =>
    frame(
      RESPONSE_TYPE.servers,
      Buffer.concat([
        word(BigInt(servers.length)),
        ...servers.flatMap(({ id, address, role }) => [
          word(id),
          text(address),
          word(BigInt(ROLES.indexOf(role))),
        ]),
      ]),
    ),
  database: (): Buffer => frame(RESPONSE_TYPE.database, word(0n)),
  statement: (id: number, parameters: number, tail?: number): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(id, 4);
    const rest = tail === undefined ? [] : [word(BigInt(tail))];
    const body = Buffer.concat([head, word(BigInt(parameters)), ...rest]);
    return frame(RESPONSE_TYPE.statement, body);
  },
  result: (lastInsertId: bigint, rowsAffected: number): Buffer =>
    frame(RESPONSE_TYPE.result, Buffer.concat([word(lastInsertId), word(BigInt(rowsAffected))])),
  empty: (): Buffer => frame(RESPONSE_TYPE.empty, word(0n)),
  metadata: (domain: bigint, weight: bigint): Buffer =>
    frame(RESPONSE_TYPE.metadata, Buffer.concat([word(domain), word(weight)])),
  files: (files: readonly { name: string; content: Buffer }[]): Buffer =>
    frame(
      RESPONSE_TYPE.files,
      Buffer.concat([
        word(BigInt(files.length)),
        ...files.flatMap(({ name, content }) => [text(name), blob(content)]),
      ]),
    ),
  rows: (
    columns: readonly string[],
    rows: readonly (readonly WireValue[])[],
    done = true,
  ): Buffer =>
    frame(
      RESPONSE_TYPE.rows,
      Buffer.concat([rowsBody(columns, rows), Buffer.alloc(8, done ? 0xff : 0xee)]),
    ),
};

/** Column header and rows without the end marker: also what an old server puts in front of a failure. */
export function rowsBody(
  columns: readonly string[],
  rows: readonly (readonly WireValue[])[],
): Buffer {
  return Buffer.concat([word(BigInt(columns.length)), ...columns.map(text), ...rows.map(row)]);
}

/** Reads a request back; parameters come as they are bound: times as text, booleans as 0 or 1. */
export function readRequest(bytes: Buffer): Request & { readonly frameBytes: number } {
  const bodyBytes = bytes.readUInt32LE(0) * 8;
  const schema = bytes[5] === 1 ? 1 : 0;
  const body = bytes.subarray(8, 8 + bodyBytes);
  const type = Object.entries(REQUEST_TYPE).find(([, code]) => code === bytes[4])?.[0];
  let at = 0;
  const u64 = (): bigint => body.readBigUInt64LE((at += 8) - 8);
  const u32 = (): number => body.readUInt32LE((at += 4) - 4);
  const string = (): string => {
    const nul = body.indexOf(0, at);
    const value = body.toString('utf8', at, nul);
    at += Math.ceil((nul - at + 1) / 8) * 8;
    return value;
  };
  const parameters = (): SqlParameter[] => {
    if (at === body.length) return [];
    const count = schema === 1 ? u32() : (body[at++] ?? 0);
    const types = [...body.subarray(at, at + count)];
    at = Math.ceil((at + count) / 8) * 8;
    return types.map((valueType) => {
      switch (valueType) {
        case VALUE_TYPE.integer:
          return BigInt.asIntN(64, u64());
        case VALUE_TYPE.float:
          return body.readDoubleLE((at += 8) - 8);
        case VALUE_TYPE.blob: {
          const length = Number(u64());
          const value = body.subarray(at, at + length);
          at += Math.ceil(length / 8) * 8;
          return value;
        }
        case VALUE_TYPE.null:
          u64();
          return null;
        case VALUE_TYPE.boolean:
          return u64();
        default:
          return string();
      }
    });
  };
  const finish = <R extends Request>(request: R): R & { frameBytes: number } => {
    if (at !== body.length) throw new Error(`${body.length - at} bytes of ${type} were not read`);
    return { ...request, frameBytes: 8 + bodyBytes };
  };
  switch (type) {
    case 'leader':
      u64();
      return finish({ type, schema });
    case 'client':
    case 'remove':
    case 'transfer':
      return finish({ type, id: u64() });
    case 'open': {
      const name = string();
      u64();
      string();
      return finish({ type, name });
    }
    case 'prepare':
      u64();
      return finish({ type, sql: string(), schema });
    case 'exec':
    case 'query': {
      u32();
      const statement = u32();
      return finish({ type, statement, parameters: parameters(), schema });
    }
    case 'exec-sql':
    case 'query-sql': {
      u64();
      const sql = string();
      return finish({ type, sql, parameters: parameters(), schema });
    }
    case 'finalize':
      u32();
      return finish({ type, statement: u32() });
    case 'interrupt':
    case 'describe':
    case 'cluster':
      u64();
      return finish({ type });
    case 'add': {
      const id = u64();
      return finish({ type, id, address: string() });
    }
    case 'assign': {
      const id = u64();
      return finish({ type, id, role: ROLES[Number(u64())] ?? 'spare' });
    }
    case 'dump':
      return finish({ type, name: string() });
    case 'weight':
      return finish({ type, weight: u64() });
    default:
      throw new Error(`unknown request type ${bytes[4]}`);
  }
}
