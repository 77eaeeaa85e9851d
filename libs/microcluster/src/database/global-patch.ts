/** Runs `patch.global.sql`, a file of statements that an operator or a recovery leaves for the next start (`spec/core-api.md` 20.7). */
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { isPresent, readIfPresent } from '../state/file-presence.js';
import { removeFileDurably, syncDirectory } from '../state/write-file-atomic.js';
import { splitStatements } from './sql-splitter.js';
import type { SqlSession } from './sql-executor.js';

/**
 * Runs the statements of `file`, if it exists, in one transaction. Just before the commit the file is put
 * aside, and deleted after it: whatever happens in between, the statements are not run a second time, and
 * the text is not lost.
 *
 * @param file path of `patch.global.sql`; what is put aside has the suffix `.applying`.
 * @returns whether there was a file.
 * @throws Error `Failed to execute queries from <file>: …`; nothing was changed then and the file is still
 *   there, unless the commit itself failed: then it stays aside, and so does one whose commit a crash
 *   interrupted. Only an operator can tell whether those took effect, and each call rejects until he has.
 */
export async function applyGlobalPatch(session: SqlSession, file: string): Promise<boolean> {
  const aside = `${file}.applying`;
  if (await isPresent(aside)) {
    throw new Error(
      `Failed to execute queries from ${aside}: an earlier start was interrupted while it committed them; look whether they took effect, then delete it, or rename it to ${path.basename(file)}`,
    );
  }
  const text = await readIfPresent(file);
  if (text === undefined) return false;
  let isAside = false;
  try {
    await session.transaction(async () => {
      for (const { sql, returnsRows } of splitStatements(text)) {
        await (returnsRows ? session.query(sql) : session.execute(sql));
      }
      await rename(file, aside);
      isAside = true;
      await syncDirectory(path.dirname(file));
    });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    // A commit that failed may have taken effect all the same, so only the operator can tell what to do.
    const hint = isAside ? ` (the commit failed; the statements were moved to ${aside})` : '';
    throw new Error(`Failed to execute queries from ${file}: ${detail}${hint}`, { cause });
  }
  await removeFileDurably(aside);
  return true;
}
