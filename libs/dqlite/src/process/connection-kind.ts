/** Tells Raft peers from SQL clients by the first bytes of a connection (`spec/dqlite.md` A.1). */
import type { Duplex } from 'node:stream';

export type ConnectionKind = 'unknown' | 'raft' | 'client';

/** Offset of the first request's type: 8 bytes of protocol version, 4 of length. */
const TYPE_OFFSET = 12;
const CONNECT_REQUEST = 11;

/** Watches what `stream` receives until its kind is known; does not consume anything. */
export function watchKind(stream: Duplex, decide: (kind: ConnectionKind) => void): void {
  let seen = 0;
  const look = (chunk: Buffer) => {
    const at = TYPE_OFFSET - seen;
    seen += chunk.length;
    if (seen <= TYPE_OFFSET) return;
    stream.off('data', look);
    decide(chunk[at] === CONNECT_REQUEST ? 'raft' : 'client');
  };
  stream.on('data', look);
}
