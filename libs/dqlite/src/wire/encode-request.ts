/** Encodes every request that a client sends into one buffer (`spec/dqlite.md` A.2, A.5). */
import { padded } from './body-reader.js';
import { HEADER_BYTES, PROTOCOL_VERSION, REQUEST_TYPE, ROLES, WORD } from './constants.js';
import { parametersSize, writeParameters } from './encode-parameters.js';
import type { Request, TupleSchema } from './messages.js';

/** The first word of a connection. */
export function encodeHandshake(): Buffer {
  const handshake = Buffer.alloc(WORD);
  handshake.writeBigUInt64LE(PROTOCOL_VERSION);
  return handshake;
}

/**
 * Header and body of `request`.
 *
 * @throws DqliteError INVALID_PARAMETER when a parameter cannot be carried unchanged
 */
export function encodeRequest(request: Request): Buffer {
  switch (request.type) {
    case 'exec':
    case 'query': {
      const { parameters, schema } = request;
      const frame = allocate(request.type, WORD + parametersSize(parameters, schema), schema);
      frame.writeUInt32LE(request.statement, HEADER_BYTES + 4);
      writeParameters(frame, HEADER_BYTES + WORD, parameters, schema);
      return frame;
    }
    case 'exec-sql':
    case 'query-sql': {
      const { sql, parameters, schema } = request;
      const sqlSize = textSize(sql);
      const size = WORD + sqlSize + parametersSize(parameters, schema);
      const frame = allocate(request.type, size, schema);
      frame.write(sql, HEADER_BYTES + WORD, 'utf8');
      writeParameters(frame, HEADER_BYTES + WORD + sqlSize, parameters, schema);
      return frame;
    }
    case 'prepare': {
      const frame = allocate('prepare', WORD + textSize(request.sql), request.schema);
      frame.write(request.sql, HEADER_BYTES + WORD, 'utf8');
      return frame;
    }
    case 'finalize': {
      const frame = allocate('finalize', WORD);
      frame.writeUInt32LE(request.statement, HEADER_BYTES + 4);
      return frame;
    }
    case 'open': {
      const nameSize = textSize(request.name);
      // Flags and the name of the VFS follow; both are ignored by every server.
      const frame = allocate('open', nameSize + WORD + WORD);
      frame.write(request.name, HEADER_BYTES, 'utf8');
      return frame;
    }
    case 'dump': {
      const frame = allocate('dump', textSize(request.name));
      frame.write(request.name, HEADER_BYTES, 'utf8');
      return frame;
    }
    case 'add': {
      const frame = words('add', request.id, textSize(request.address));
      frame.write(request.address, HEADER_BYTES + WORD, 'utf8');
      return frame;
    }
    case 'assign': {
      const frame = words('assign', request.id, WORD);
      frame.writeUInt32LE(ROLES.indexOf(request.role), HEADER_BYTES + WORD);
      return frame;
    }
    case 'client':
    case 'remove':
    case 'transfer':
      return words(request.type, request.id);
    case 'weight':
      return words('weight', request.weight);
    case 'cluster':
      return words('cluster', 1n); // Format 1: with roles.
    case 'leader':
      return allocate('leader', WORD, request.schema);
    case 'interrupt':
    case 'describe':
      return allocate(request.type, WORD);
  }
}

/** A frame whose body is `word` and room for `more` bytes. */
function words(type: Request['type'], word: bigint, more = 0): Buffer {
  const frame = allocate(type, WORD + more);
  frame.writeBigUInt64LE(word, HEADER_BYTES);
  return frame;
}

/** A zeroed frame with its header. */
function allocate(type: Request['type'], bodyBytes: number, schema: TupleSchema = 0): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + bodyBytes);
  frame.writeUInt32LE(bodyBytes / WORD, 0);
  frame[4] = REQUEST_TYPE[type];
  frame[5] = schema;
  return frame;
}

function textSize(text: string): number {
  return padded(Buffer.byteLength(text) + 1);
}
