/** Test support: sessions over the sqlite3 package, without TypeORM. */
import sqlite3 from 'sqlite3';
import type { SqlInput, SqlRow, SqlSession } from './sql-executor.js';

/** A session on a database file of its own (default: in memory), plus `close`. */
export interface FixtureSession extends SqlSession {
  close(): Promise<void>;
}

/** Opens a database with foreign keys on, as dqlite has them. */
export async function openFixtureSession(file = ':memory:'): Promise<FixtureSession> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(opened)));
  });
  database.configure('busyTimeout', 5_000);
  const execute = (sql: string, params: readonly SqlInput[] = []): Promise<{ affected: number }> =>
    new Promise((resolve, reject) => {
      database.run(sql, [...params], function done(error: Error | null) {
        if (error) reject(error);
        else resolve({ affected: this.changes });
      });
    });
  await execute('PRAGMA foreign_keys = ON');
  return {
    query: (sql, params = []) =>
      new Promise<SqlRow[]>((resolve, reject) => {
        database.all(sql, [...params], (error: Error | null, rows: SqlRow[]) =>
          error ? reject(error) : resolve(rows),
        );
      }),
    execute,
    async transaction(work) {
      await execute('BEGIN IMMEDIATE');
      try {
        const result = await work();
        await execute('COMMIT');
        return result;
      } catch (error) {
        await execute('ROLLBACK').catch(() => undefined);
        throw error;
      }
    },
    close: () =>
      new Promise((resolve, reject) => {
        database.close((error) => (error ? reject(error) : resolve()));
      }),
  };
}
