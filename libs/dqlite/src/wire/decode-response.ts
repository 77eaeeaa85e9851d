/** Decodes the body of every response except rows, which keep state between parts (`spec/dqlite.md` A.6). */
import { BodyReader } from './body-reader.js';
import { RESPONSE_TYPE, ROLES, WORD } from './constants.js';
import { parseFailure } from './failure.js';
import { MalformedMessage } from './malformed.js';
import type { DumpedFile, Response, ServerEntry } from './messages.js';
import type { RowsDecoder } from './rows-decoder.js';

/** A member takes at least id, one word of text, and role. */
const MIN_SERVER_BYTES = 3 * WORD;
/** A file takes at least one word of name and its length. */
const MIN_FILE_BYTES = 2 * WORD;

/**
 * @param type type byte of the header
 * @param body the whole body; only the files of a dump are views of it
 * @throws MalformedMessage when the body is not what the type says
 */
export function decodeResponse(type: number, body: Buffer, rows: RowsDecoder): Response {
  const reader = new BodyReader(body);
  switch (type) {
    case RESPONSE_TYPE.result:
      return {
        type: 'result',
        lastInsertId: reader.integer(),
        rowsAffected: reader.count(),
      };
    case RESPONSE_TYPE.rows:
      return rows.decode(body);
    case RESPONSE_TYPE.empty:
      return { type: 'empty' };
    case RESPONSE_TYPE.failure:
      return { type: 'failure', ...parseFailure(body) };
    case RESPONSE_TYPE.server:
      return { type: 'server', id: reader.uint64(), address: reader.text() };
    case RESPONSE_TYPE.welcome:
      return { type: 'welcome', heartbeatMs: reader.uint64() };
    case RESPONSE_TYPE.servers:
      return { type: 'servers', servers: readServers(reader) };
    case RESPONSE_TYPE.database:
      return { type: 'database', id: reader.uint32() };
    case RESPONSE_TYPE.statement:
      return readStatement(reader);
    case RESPONSE_TYPE.files:
      return { type: 'files', files: readFiles(reader) };
    case RESPONSE_TYPE.metadata:
      return { type: 'metadata', failureDomain: reader.uint64(), weight: reader.uint64() };
    default:
      throw new MalformedMessage(`a response has the unknown type ${type}`);
  }
}

function readStatement(reader: BodyReader): Response {
  reader.uint32(); // The database, always 0.
  const id = reader.uint32();
  const parameterCount = reader.count();
  const tailOffset = reader.remaining >= WORD ? reader.count() : undefined;
  return { type: 'statement', id, parameterCount, tailOffset };
}

function readServers(reader: BodyReader): ServerEntry[] {
  const count = reader.count();
  if (count > reader.remaining / MIN_SERVER_BYTES) {
    throw new MalformedMessage('a member list is longer than its message');
  }
  const servers: ServerEntry[] = [];
  for (let i = 0; i < count; i++) {
    const id = reader.uint64();
    const address = reader.text();
    servers.push({ id, address, role: ROLES[reader.count()] });
  }
  return servers;
}

function readFiles(reader: BodyReader): DumpedFile[] {
  const count = reader.count();
  if (count > reader.remaining / MIN_FILE_BYTES) {
    throw new MalformedMessage('a dump has more files than its message can hold');
  }
  const files: DumpedFile[] = [];
  for (let i = 0; i < count; i++) {
    const name = reader.text();
    files.push({ name, content: reader.bytes() });
  }
  return files;
}
