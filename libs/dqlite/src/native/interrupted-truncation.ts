/**
 * Undoes what a crash has left of a truncation of Raft's log (`spec/dqlite.md` B.6).
 *
 * A follower drops entries that its leader does not have. libdqlite writes what stays of their segment into a new file,
 * under its final name, and deletes the segment afterwards; killed in between, it finds two segments that begin with the
 * same entry, and does not start any more. Nothing is written to the log and acknowledged meanwhile, so that the log as
 * it was before is as good: the leader asks for the truncation again.
 */
import { closeSync, fsyncSync, openSync, readdirSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DqliteError } from '../errors/index.js';
import { segmentsOf } from './raft-files.js';

/** Bytes of the format, which is zero until something is written into a prepared segment. */
const FORMAT_BYTES = 8;

/**
 * The segment that a truncation was writing: it begins as another one does, and ends before it.
 *
 * @param names files of a node's directory
 * @returns its name; `undefined` when there is none, or when later segments say that the truncation was completed
 */
export function unfinishedTruncation(names: readonly string[]): string | undefined {
  const closed = segmentsOf(names).filter((segment) => segment.kind === 'closed');
  const at = closed.findIndex(({ first }, index) => closed[index + 1]?.first === first);
  if (at === -1) return undefined;
  const before = closed.slice(at + 1);
  const isWhole = before.every(({ last }, index) => {
    const next = before[index + 1];
    return next === undefined || next.first === last + 1n;
  });
  return isWhole ? closed[at]?.name : undefined;
}

/**
 * Deletes the segment that a truncation was writing, if there is one; on a directory that is locked for us.
 * What cannot be explained by a crash in a truncation is left alone, for libdqlite to refuse.
 *
 * @throws DqliteError `STATE_FILES` when the directory cannot be read or written
 */
export function undoInterruptedTruncation(directory: string): void {
  try {
    undo(directory);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DqliteError('STATE_FILES', { file: directory, reason }, { cause });
  }
}

function undo(directory: string): void {
  const names = readdirSync(directory);
  const unfinished = unfinishedTruncation(names);
  if (unfinished === undefined) return;
  const open = segmentsOf(names).filter(({ kind }) => kind === 'open');
  if (open.some(({ name }) => isWritten(join(directory, name)))) return;
  unlinkSync(join(directory, unfinished));
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isWritten(openSegment: string): boolean {
  const file = openSync(openSegment, 'r');
  try {
    const format = Buffer.alloc(FORMAT_BYTES);
    readSync(file, format);
    return format.some((byte) => byte !== 0);
  } finally {
    closeSync(file);
  }
}
