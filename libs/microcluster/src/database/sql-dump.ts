/** The database as SQL text that SQLite's own shell can load (`spec/core-api.md` 23.1, `GET /core/internal/sql`). */
import { sqlTokens } from '@microcluster/dqlite';
import { z } from 'zod';
import { withConnection, type ConsoleConnection, type SqlConsole } from './sql-console.js';
import { quoteName, quoteText, wrapLineEnds } from './sql-literals.js';
import { literalRows } from './table-rows.js';

/** What is dumped. */
export interface DumpOptions {
  /** Only the schema, without rows. */
  readonly schemaOnly: boolean;
  readonly signal: AbortSignal;
}

const objectRow = z.tuple([z.string(), z.string(), z.string()]);

/**
 * Dumps every object in the order of its creation, each table followed by its rows, from one snapshot.
 * Virtual tables are entered into the schema table directly, as the shell does, since their content comes
 * with the tables they are made of.
 *
 * @returns the text, each line ended by a newline (statements may span several).
 * @throws the database's error.
 */
export async function dumpDatabase(console: SqlConsole, options: DumpOptions): Promise<string> {
  return withConnection(console, options.signal, async (connection) => {
    await connection.begin('deferred', { signal: options.signal });
    const dump = new Dump(connection, options);
    const text = await dump.write();
    await connection.rollback();
    return text;
  });
}

class Dump {
  private readonly lines: string[] = ['PRAGMA foreign_keys=OFF;', 'BEGIN TRANSACTION;'];
  private schemaIsWritable = false;

  constructor(
    private readonly connection: ConsoleConnection,
    private readonly options: DumpOptions,
  ) {}

  async write(): Promise<string> {
    const { rows } = await this.connection.run(
      `SELECT type, name, sql FROM sqlite_master
         WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql IS NOT NULL ORDER BY rowid`,
      [],
      this.options,
    );
    for (const row of rows) await this.object(...objectRow.parse(row));
    if (!this.options.schemaOnly) await this.sequences();
    if (this.schemaIsWritable) this.lines.push('PRAGMA writable_schema=OFF;');
    this.lines.push('COMMIT;');
    return `${this.lines.join('\n')}\n`;
  }

  private async object(type: string, name: string, sql: string): Promise<void> {
    if (/^CREATE VIRTUAL TABLE\b/i.test(sql)) {
      this.virtualTable(name, sql);
      return;
    }
    this.lines.push(
      terminated(sql.replace(/^CREATE TABLE (?=["'])/, 'CREATE TABLE IF NOT EXISTS ')),
    );
    if (type === 'table' && !this.options.schemaOnly) await this.rowsOf(name);
  }

  private virtualTable(name: string, sql: string): void {
    if (!this.schemaIsWritable) this.lines.push('PRAGMA writable_schema=ON;');
    this.schemaIsWritable = true;
    const [text, ddl] = [quoteText(name), quoteText(sql)];
    this.lines.push(
      `INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table',${text},${text},0,${ddl});`,
    );
  }

  private async rowsOf(table: string): Promise<void> {
    for await (const cells of literalRows(this.connection, table, this.options)) {
      this.lines.push(
        `INSERT INTO ${quoteName(table)} VALUES(${cells.map(wrapLineEnds).join(',')});`,
      );
    }
  }

  private async sequences(): Promise<void> {
    const { rows } = await this.connection.run(
      `SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'`,
      [],
      this.options,
    );
    if (Number(rows[0]?.[0]) === 0) return;
    this.lines.push('DELETE FROM sqlite_sequence;');
    await this.rowsOf('sqlite_sequence');
  }
}

/** A stored statement may end with a comment, which must not swallow the semicolon. */
function terminated(sql: string): string {
  return [`${sql};`, `${sql}\n;`, `${sql}*/;`].find(endsWithSemicolon) ?? `${sql};`;
}

function endsWithSemicolon(sql: string): boolean {
  return [...sqlTokens(sql)].at(-1)?.end === sql.length;
}
