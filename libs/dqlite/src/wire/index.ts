/** The dqlite wire protocol as a pure codec: no sockets, no clocks. */
export { HEADER_BYTES, MAX_NARROW_PARAMETERS, PROTOCOL_VERSION, WORD } from './constants.js';
export { encodeHandshake, encodeRequest } from './encode-request.js';
export { parseFailure } from './failure.js';
export { DEFAULT_MAX_BODY_BYTES, FrameDecoder } from './frame-decoder.js';
export { MalformedMessage } from './malformed.js';
export type {
  DumpedFile,
  Request,
  Response,
  RowsPart,
  ServerEntry,
  TupleSchema,
} from './messages.js';
