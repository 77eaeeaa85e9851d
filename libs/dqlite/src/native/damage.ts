/** What to do about a node whose files cannot be used. */

/** Completes a sentence that has named the file or the directory. */
export const WAY_OUT_OF_DAMAGE =
  'remove this node from the cluster and let it join again with an empty directory, or, if it is the only one, found the cluster anew and restore a backup';

/** Codes of Raft that libdqlite passes on without a text (`spec/dqlite.md` A.8). */
const MEANINGS: Readonly<Record<number, string>> = {
  6: 'a file of Raft there is malformed',
  12: 'a file of Raft there is corrupt',
  18: 'reading or writing it failed',
  19: 'it does not exist',
  20: 'it is no directory that may be written',
  22: 'its file system is full',
};

/** Why libdqlite cannot use `directory`, by its code and the text that it may have left. */
export function unusableDirectory(directory: string, code: number, detail: string | null): string {
  const meaning = MEANINGS[code];
  const what = [meaning, detail === null || detail === '' ? undefined : detail]
    .filter((part) => part !== undefined)
    .join('; ');
  const why = what === '' ? `code ${code}` : what;
  return `the directory ${directory} cannot be used (${why}); where files in it are damaged, ${WAY_OUT_OF_DAMAGE}`;
}
