/** Numbers of the dqlite wire protocol (`spec/dqlite.md` A.1 to A.6). */
import type { NodeRole } from '../values.js';

/** Sent once, as the first word of a connection. */
export const PROTOCOL_VERSION = 1n;

/** Everything is counted in words of this many bytes. */
export const WORD = 8;

/** Bytes of the header in front of each message. */
export const HEADER_BYTES = 8;

/** Type byte of each request. HEARTBEAT (2) and CONNECT (11) are never sent by a client. */
export const REQUEST_TYPE = {
  leader: 0,
  client: 1,
  open: 3,
  prepare: 4,
  exec: 5,
  query: 6,
  finalize: 7,
  'exec-sql': 8,
  'query-sql': 9,
  interrupt: 10,
  add: 12,
  assign: 13,
  remove: 14,
  dump: 15,
  cluster: 16,
  transfer: 17,
  describe: 18,
  weight: 19,
} as const;

/** Type byte of each response. */
export const RESPONSE_TYPE = {
  failure: 0,
  server: 1,
  welcome: 2,
  servers: 3,
  database: 4,
  statement: 5,
  result: 6,
  rows: 7,
  empty: 8,
  files: 9,
  metadata: 10,
} as const;

/** Type codes of values in tuples (`spec/dqlite.md` A.4). */
export const VALUE_TYPE = {
  integer: 1,
  float: 2,
  text: 3,
  blob: 4,
  null: 5,
  unixTime: 9,
  iso8601: 10,
  boolean: 11,
} as const;

/** The last word of a part of a result: nothing follows, or more parts do. Low and high half are equal. */
export const ROWS_DONE_HALF = 0xffffffff;
export const ROWS_MORE_HALF = 0xeeeeeeee;

/** Parameters that fit the old tuple format (schema 0), whose count is one byte. */
export const MAX_NARROW_PARAMETERS = 255;

/** Roles by their number on the wire. */
export const ROLES: readonly NodeRole[] = ['voter', 'stand-by', 'spare'];
