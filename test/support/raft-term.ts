/** Reads Raft's term from a member's disk. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where version and term are in the metadata, bytes; the file with the higher version holds. */
const VERSION_AT = 8;
const TERM_AT = 16;

/** The term as the disk has it: it grows with every election; 0 before the first. */
export function raftTerm(stateDir: string): bigint {
  const files = ['metadata1', 'metadata2'].map((file) => {
    try {
      return readFileSync(join(stateDir, 'database', file));
    } catch {
      return Buffer.alloc(0); // not written yet
    }
  });
  const read = files
    .filter((file) => file.length >= TERM_AT + 8)
    .map((file) => ({
      version: file.readBigUInt64LE(VERSION_AT),
      term: file.readBigUInt64LE(TERM_AT),
    }))
    .toSorted((a, b) => (a.version < b.version ? 1 : -1));
  return read[0]?.term ?? 0n;
}
