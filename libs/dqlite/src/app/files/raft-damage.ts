/**
 * Refuses Raft's files where they are damaged in ways that libdqlite does not refuse (`spec/dqlite.md` B.6): without
 * metadata it begins a new log over the old one, and a segment with a broken header it sets aside, so that the node
 * forgets what it had acknowledged.
 */
import { join } from 'node:path';
import { DqliteError } from '../../errors/index.js';
import { WAY_OUT_OF_DAMAGE } from '../../native/index.js';
import { unfinishedTruncation } from '../../native/interrupted-truncation.js';
import { listRaftFiles, segmentsOf, snapshotsOf } from '../../native/raft-files.js';
import { readBytesIfExists } from './durable-file.js';
import { readSegment, SEGMENT_FORMAT } from './segment.js';

const METADATA_FILES = ['metadata1', 'metadata2'] as const;
/** Format, version, term and vote, 64 bits each. */
const METADATA_BYTES = 32;
/** Formats that a later release may have are small numbers; what is none of them is damage. */
const LARGEST_FORMAT = 255n;

/**
 * Looks at the files of a node before it starts. Those of one that has not written yet pass.
 *
 * @throws DqliteError `STATE_FILES` naming the damaged file and the way out
 */
export async function refuseDamage(directory: string): Promise<void> {
  const names = await listRaftFiles(directory);
  const hasMetadata = await checkMetadata(directory);
  if (!hasMetadata && (await hasEntries(directory, names))) {
    throw damaged(
      join(directory, METADATA_FILES[0]),
      'it is missing or cut off, so that this node does not know any more how it voted',
    );
  }
  // The node deletes it; not before it has locked the directory, as a process on its way out may still be writing it.
  const unfinished = unfinishedTruncation(names);
  for (const segment of segmentsOf(names)) {
    if (segment.kind !== 'closed' || segment.name === unfinished) continue;
    const file = join(directory, segment.name);
    const content = await readBytesIfExists(file);
    // A process of an earlier start that is on its way out may have deleted it since.
    if (content === undefined || isOfAnotherFormat(content)) continue;
    const expected = segment.last - segment.first + 1n;
    const { entries } = readSegment(content);
    if (BigInt(entries) === expected) continue;
    throw damaged(file, `it holds only ${entries} readable entries of ${expected}`);
  }
}

/**
 * Whether one of the two files is whole. They are written in turn, so that a crash may have cut off one of them.
 *
 * @throws DqliteError `STATE_FILES` for one that is of full length and makes no sense
 */
async function checkMetadata(directory: string): Promise<boolean> {
  let isWhole = false;
  for (const name of METADATA_FILES) {
    const file = join(directory, name);
    const content = await readBytesIfExists(file);
    if (content === undefined || content.length < METADATA_BYTES) continue;
    const [format, version] = [content.readBigUInt64LE(0), content.readBigUInt64LE(8)];
    if (format === 0n || format > LARGEST_FORMAT || version === 0n) {
      throw damaged(file, 'it is no metadata of Raft');
    }
    isWhole = true;
  }
  return isWhole;
}

/** A joiner that nobody has called yet has prepared segments, with nothing in them. */
async function hasEntries(directory: string, names: readonly string[]): Promise<boolean> {
  if (snapshotsOf(names).length > 0) return true;
  for (const segment of segmentsOf(names)) {
    if (segment.kind === 'closed') return true;
    const content = await readBytesIfExists(join(directory, segment.name));
    if (content !== undefined && readSegment(content).entries > 0) return true;
  }
  return false;
}

function isOfAnotherFormat(segment: Buffer): boolean {
  if (segment.length < 8) return false;
  const format = segment.readBigUInt64LE(0);
  return format > SEGMENT_FORMAT && format <= LARGEST_FORMAT;
}

function damaged(file: string, what: string): DqliteError {
  return new DqliteError('STATE_FILES', { file, reason: `${what}; ${WAY_OUT_OF_DAMAGE}` });
}
