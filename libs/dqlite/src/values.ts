/** The plain values that every part of the library speaks of: SQL values, nodes, roles, byte streams. */
import type { Duplex } from 'node:stream';

/**
 * A value in a row. Integers beyond 2^53 arrive as `bigint`, blobs as `Buffer`, columns declared
 * BOOLEAN as `boolean`, and columns declared DATE, DATETIME or TIMESTAMP as `Date` (`spec/dqlite.md` A.4).
 */
export type SqlValue = null | number | bigint | string | boolean | Date | Buffer;

/** A value bound to a parameter. `Date` is sent as text in UTC, `boolean` as 0 or 1, `undefined` is refused. */
export type SqlParameter = null | number | bigint | string | boolean | Date | Uint8Array;

/** What a node does in the Raft configuration: votes, follows the log, or holds neither (`spec/dqlite.md` A.5). */
export type NodeRole = 'voter' | 'stand-by' | 'spare';

/** A node as the Raft configuration knows it. */
export interface NodeInfo {
  /** 64-bit identifier; exceeds 2^53. */
  readonly id: bigint;
  /** `ip:port`, compared textually by Raft. */
  readonly address: string;
  readonly role: NodeRole;
}

/**
 * Opens a byte stream to the dqlite engine of the node at `address`, ready for the protocol handshake.
 * Rejects when `signal` aborts; the caller owns the stream.
 */
export type Dial = (address: string, signal: AbortSignal) => Promise<Duplex>;
