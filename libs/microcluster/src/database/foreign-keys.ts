/** Switches the enforcement of foreign keys off around schema updates, without letting orphans through. */
import type { SqlSession } from './sql-executor.js';

/** What the work under {@link withoutForeignKeys} may use. */
export interface UnenforcedScope {
  /** Runs `work` and rejects when it leaves rows without their parents that had them, or none, before. */
  guarded(work: () => Promise<void>): Promise<void>;
}

/**
 * Runs `work` with foreign keys off on `session` and restores the setting on every path. The setting has
 * no effect inside a transaction, so none may be open.
 *
 * @throws Error when the session ignores the setting, or `work`'s own error.
 */
export async function withoutForeignKeys<T>(
  session: SqlSession,
  work: (scope: UnenforcedScope) => Promise<T>,
): Promise<T> {
  const before = await readSetting(session);
  await session.execute('PRAGMA foreign_keys = OFF');
  try {
    if (await readSetting(session)) {
      throw new Error(
        'Foreign keys stay enforced on this connection; close its open transaction first',
      );
    }
    return await work({ guarded: (update) => guarded(session, update) });
  } finally {
    if (before) await session.execute('PRAGMA foreign_keys = ON');
  }
}

async function readSetting(session: SqlSession): Promise<boolean> {
  const [row] = await session.query('PRAGMA foreign_keys');
  return row !== undefined && Number(row['foreign_keys']) === 1;
}

async function guarded(session: SqlSession, work: () => Promise<void>): Promise<void> {
  const before = new Set(await violations(session));
  await work();
  const orphans = (await violations(session)).filter((violation) => !before.has(violation));
  if (orphans.length > 0) {
    throw new Error(`it leaves rows that break a foreign key: ${orphans.slice(0, 5).join(', ')}`);
  }
}

async function violations(session: SqlSession): Promise<string[]> {
  const rows = await session.query('PRAGMA foreign_key_check');
  return rows.map(
    (row) => `${String(row['table'])} row ${String(row['rowid'])} -> ${String(row['parent'])}`,
  );
}
