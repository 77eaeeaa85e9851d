/** The table `core_any_name_tokens`: which join tokens do not bind their joiner to their own name. */
import { z } from 'zod';
import type { SqlExecutor } from './sql-executor.js';

const rowSchema = z.object({ secret: z.string() });

/**
 * Like the table of reservations it is ours alone, made with its first row, and may be missing. Where a member
 * of another make leads, the name is compared all the same: without this table a token allows less, never more.
 */
export class AnyNameTokensTable {
  constructor(private readonly executor: SqlExecutor) {}

  async add(secret: string): Promise<void> {
    await this.executor.execute(
      'CREATE TABLE IF NOT EXISTS core_any_name_tokens (secret TEXT PRIMARY KEY NOT NULL)',
    );
    await this.executor.execute('INSERT INTO core_any_name_tokens (secret) VALUES (?)', [secret]);
  }

  /** The secrets of all such tokens. */
  async secrets(): Promise<ReadonlySet<string>> {
    if (!(await this.exists())) return new Set();
    const rows = await this.executor.query('SELECT secret FROM core_any_name_tokens');
    return new Set(rows.map((row) => rowSchema.parse(row).secret));
  }

  /** Drops what is said of tokens that are no longer there, whoever deleted them. */
  async keepOnly(secrets: readonly string[]): Promise<void> {
    if (!(await this.exists())) return;
    await this.executor.execute(
      'DELETE FROM core_any_name_tokens WHERE secret NOT IN (SELECT value FROM json_each(?))',
      [JSON.stringify(secrets)],
    );
  }

  private async exists(): Promise<boolean> {
    const rows = await this.executor.query(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'core_any_name_tokens'`,
    );
    return rows.length > 0;
  }
}
