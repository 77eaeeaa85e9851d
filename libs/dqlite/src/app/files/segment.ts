/** Reads a segment of Raft's log as far as it is whole (`spec/dqlite.md` B.6). */
import { raftCrc } from './raft-crc.js';

/** The only format that there has been. */
export const SEGMENT_FORMAT = 1n;
/** Bytes of an entry's term, type and size. */
const ENTRY_HEADER = 16;

/** What a segment holds up to its first batch that is empty, torn or damaged. */
export function readSegment(segment: Buffer): { entries: number; lastTerm: bigint | undefined } {
  let entries = 0;
  let lastTerm: bigint | undefined;
  if (segment.length < 8 || segment.readBigUInt64LE(0) !== SEGMENT_FORMAT)
    return { entries, lastTerm };
  let batch = readBatch(segment, 8);
  while (batch !== undefined) {
    entries += batch.entries;
    lastTerm = batch.lastTerm;
    batch = readBatch(segment, batch.end);
  }
  return { entries, lastTerm };
}

/** One batch: two checksums, the number of entries, their headers (term, type, size), their data. */
function readBatch(
  segment: Buffer,
  at: number,
): { entries: number; lastTerm: bigint; end: number } | undefined {
  const header = at + 8;
  if (header + 8 > segment.length) return undefined;
  const count = segment.readBigUInt64LE(header);
  const room = BigInt(segment.length - header - 8) / BigInt(ENTRY_HEADER);
  if (count === 0n || count > room) return undefined;
  const entries = Number(count);
  const data = header + 8 + entries * ENTRY_HEADER;
  let size = 0;
  for (let entry = header + 8; entry < data; entry += ENTRY_HEADER) {
    size += segment.readUInt32LE(entry + 12);
  }
  const end = data + size;
  if (end > segment.length) return undefined;
  const intact =
    raftCrc(segment.subarray(header, data)) === segment.readUInt32LE(at) &&
    raftCrc(segment.subarray(data, end)) === segment.readUInt32LE(at + 4);
  if (!intact) return undefined;
  return { entries, lastTerm: segment.readBigUInt64LE(data - ENTRY_HEADER), end };
}
