/** Identifiers of nodes in the Raft configuration. */
import { createHash, randomBytes } from 'node:crypto';

/** The identifier that libdqlite bootstraps a new cluster with (`spec/dqlite.md` C.2). */
export const BOOTSTRAP_ID = 0x2dc171858c3155ben;

/**
 * Makes an identifier for a node that joins: unique by chance, positive also as a signed 64-bit
 * integer, and never one of those that make libdqlite bootstrap a cluster by itself.
 *
 * @param address the node's address, mixed in as the C library does
 */
export function generateNodeId(address: string): bigint {
  for (;;) {
    const digest = createHash('sha256').update(address).update(randomBytes(16)).digest();
    const id = BigInt.asUintN(63, digest.readBigUInt64LE(0));
    if (id > 1n && id !== BOOTSTRAP_ID) return id;
  }
}
