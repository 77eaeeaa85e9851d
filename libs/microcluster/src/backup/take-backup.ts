/** Reads one state of a database as a backup, while it goes on being written. */
import type { Readable } from 'node:stream';
import { readContents } from '../database/read-contents.js';
import { readSchemaVersions } from '../database/schema-versions.js';
import type { ContentsRecord } from '../database/contents.js';
import type { ConsoleConnection, SqlConsole } from '../database/sql-console.js';
import type { SqlExecutor } from '../database/sql-executor.js';
import { formatBackup } from './backup-format.js';

/** Reading a large table may take this long, milliseconds. */
const STATEMENT_LIMIT = 60 * 60_000;

export interface BackupSource {
  readonly sql: SqlConsole;
  /** The application's version. */
  readonly application: string;
  /** Name of this member. */
  readonly member: string;
}

/**
 * Takes a backup: all tables as they are at one moment, in one reading transaction, which stops no writer.
 *
 * @returns the bytes of the file; destroying the stream, or `signal`, ends the transaction
 */
export async function takeBackup(source: BackupSource, signal: AbortSignal): Promise<Readable> {
  const options = { signal, deadlineMs: STATEMENT_LIMIT };
  const connection = await source.sql.acquire({ signal });
  try {
    await connection.begin('deferred', options);
    const schema = await readSchemaVersions(executorOn(connection, options));
    const header = {
      created: new Date().toISOString(),
      application: source.application,
      member: source.member,
      schema: { ...schema },
    };
    return formatBackup(header, contentsOf(connection, options));
  } catch (error) {
    await connection.release();
    throw error;
  }
}

async function* contentsOf(
  connection: ConsoleConnection,
  options: { readonly signal: AbortSignal },
): AsyncGenerator<ContentsRecord, void, undefined> {
  try {
    yield* readContents(connection, options);
    await connection.rollback();
  } finally {
    await connection.release();
  }
}

/** Statements with rows by column name. */
function executorOn(
  connection: ConsoleConnection,
  options: { readonly signal: AbortSignal },
): Pick<SqlExecutor, 'query' | 'execute'> {
  return {
    async query(sql) {
      const { columns, rows } = await connection.run(sql, [], options);
      return rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
    },
    async execute(sql) {
      return { affected: (await connection.run(sql, [], options)).rowsAffected };
    },
  };
}
