/** The files that Raft keeps in a node's directory, told from ours by their names (`spec/dqlite.md` B.6). */
import { readdir } from 'node:fs/promises';

const METADATA = /^metadata[12]$/;
const CLOSED_SEGMENT = /^(\d{16})-(\d{16})$/;
const OPEN_SEGMENT = /^open-(\d+)$/;
const SNAPSHOT = /^snapshot-(\d+)-(\d+)-(\d+)$/;
const SNAPSHOT_META = /^snapshot-\d+-\d+-\d+\.meta$/;
const TEMPORARY = /^tmp-/;

const RAFT_FILES = [
  METADATA,
  CLOSED_SEGMENT,
  OPEN_SEGMENT,
  SNAPSHOT,
  SNAPSHOT_META,
  TEMPORARY,
] as const;

/** A finished snapshot and the last entry that it contains. */
export interface SnapshotFile {
  readonly name: string;
  readonly term: bigint;
  readonly index: bigint;
}

/** A log segment; a closed one knows its range, an open one its place in the order of writing. */
export type SegmentFile =
  | {
      readonly kind: 'closed';
      readonly name: string;
      readonly first: bigint;
      readonly last: bigint;
    }
  | { readonly kind: 'open'; readonly name: string; readonly counter: bigint };

/** Whether Raft has a file of this name in a node's directory. */
export function isRaftFile(name: string): boolean {
  return RAFT_FILES.some((pattern) => pattern.test(name));
}

/** The names of all Raft files in `directory`, sorted. */
export async function listRaftFiles(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter(isRaftFile).sort();
}

/** The snapshots among `names` that are complete (their `.meta` exists). */
export function snapshotsOf(names: readonly string[]): readonly SnapshotFile[] {
  return names.flatMap((name) => {
    const [, term, index] = SNAPSHOT.exec(name) ?? [];
    if (term === undefined || index === undefined || !names.includes(`${name}.meta`)) return [];
    return [{ name, term: BigInt(term), index: BigInt(index) }];
  });
}

/** The log segments among `names`, in the order in which they were written. */
export function segmentsOf(names: readonly string[]): readonly SegmentFile[] {
  const closed: SegmentFile[] = [];
  const open: { kind: 'open'; name: string; counter: bigint }[] = [];
  for (const name of [...names].sort()) {
    const [, first, last] = CLOSED_SEGMENT.exec(name) ?? [];
    if (first !== undefined && last !== undefined) {
      closed.push({ kind: 'closed', name, first: BigInt(first), last: BigInt(last) });
    }
    const [, counter] = OPEN_SEGMENT.exec(name) ?? [];
    if (counter !== undefined) open.push({ kind: 'open', name, counter: BigInt(counter) });
  }
  open.sort((a, b) => (a.counter < b.counter ? -1 : 1));
  return [...closed, ...open];
}
