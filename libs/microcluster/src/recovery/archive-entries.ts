/** Decides which entries of a recovery archive become files of the database directory. */
import { isRaftFile } from '@microcluster/dqlite';

/** What an archive says about an entry. */
export interface ArchiveEntry {
  readonly path: string;
  /** As `tar` calls it: `File`, `Directory`, `SymbolicLink`, ... */
  readonly type: string;
}

/** Files beside those of Raft that travel (`spec/core-api.md` 23.3). */
export const TRAVELLING_FILES: readonly string[] = ['cluster.yaml', 'recovery.yaml'];

/**
 * - `keep`: a file that belongs to the database;
 * - `skip`: harmless, and not needed: the directory itself, or a file of another release;
 * - `refuse`: no archive of a recovery holds such a thing.
 */
export type EntryDecision =
  | { readonly kind: 'keep'; readonly name: string }
  | { readonly kind: 'skip' }
  | { readonly kind: 'refuse'; readonly reason: string };

/** The decision on one entry. The database directory is flat, so that a name with a folder in it is foreign. */
export function decideEntry({ path, type }: ArchiveEntry): EntryDecision {
  if (path.includes('..')) return refuse(`its entry "${path}" leaves the directory`);
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0')) {
    return refuse(`its entry "${path}" is no name in the directory`);
  }
  const name = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
  if (type === 'Directory') {
    return name === '' || name === '.' ? { kind: 'skip' } : refuse(`it holds a folder, "${path}"`);
  }
  if (!FILE_TYPES.has(type)) return refuse(`its entry "${path}" is no file but a ${type}`);
  if (name.includes('/')) return refuse(`its entry "${path}" is in a folder`);
  const isWanted = TRAVELLING_FILES.includes(name) || isRaftFile(name);
  return isWanted ? { kind: 'keep', name } : { kind: 'skip' };
}

const FILE_TYPES = new Set(['File', 'OldFile', 'ContiguousFile']);

function refuse(reason: string): EntryDecision {
  return { kind: 'refuse', reason };
}
