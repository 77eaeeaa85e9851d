/** Finds the last entry of a stopped node's log, which says whose data is newest (`spec/dqlite.md` B.6). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listRaftFiles, segmentsOf, snapshotsOf } from '../../native/raft-files.js';
import { readSegment } from '../files/segment.js';

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
