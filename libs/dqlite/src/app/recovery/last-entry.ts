/** Finds the last entry of a stopped node's log, which says whose data is newest (`spec/dqlite.md` B.6). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listRaftFiles, segmentsOf, snapshotsOf } from '../files/raft-files.js';
import { raftCrc } from './raft-crc.js';

const SEGMENT_FORMAT = 1n;
/** Bytes of an entry's term, type and size. */
const ENTRY_HEADER = 16;

/** The place of an entry in the Raft log. */
export interface LogPosition {
  readonly term: bigint;
  readonly index: bigint;
}

/** Orders positions as Raft does: by term, then by index. */
export function comparePositions(a: LogPosition, b: LogPosition): number {
  if (a.term !== b.term) return a.term < b.term ? -1 : 1;
  return a.index === b.index ? 0 : a.index < b.index ? -1 : 1;
}

/** The last entry in `directory`, or `undefined` for a node that never had one. libdqlite offers this itself from 1.17 on. */
export async function describeLastEntry(directory: string): Promise<LogPosition | undefined> {
  const names = await listRaftFiles(directory);
  let last: LogPosition | undefined;
  const consider = (position: LogPosition): void => {
    if (last === undefined || comparePositions(position, last) > 0) last = position;
  };
  for (const { term, index } of snapshotsOf(names)) consider({ term, index });
  // Without closed segments, open ones continue after the snapshot, or start the log.
  let index = last?.index ?? 0n;
  const segments = segmentsOf(names);
  const lastClosed = segments.findLast(({ kind }) => kind === 'closed');
  for (const segment of segments) {
    if (segment.kind === 'closed') {
      index = segment.last;
      if (segment !== lastClosed) continue;
    }
    const content = readSegment(await readFile(join(directory, segment.name)));
    if (segment.kind === 'open') index += BigInt(content.entries);
    if (content.lastTerm !== undefined) consider({ term: content.lastTerm, index });
  }
  return last;
}

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
