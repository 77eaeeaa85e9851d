/** The few functions of the npm package sqlite3 that the engine uses, loaded when needed, with types of our own. */
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter, SqlValue } from '../../values.js';

/** An error of sqlite3: `errno` is the primary result code of SQLite. */
export interface Sqlite3Error extends Error {
  readonly errno?: number;
}

export type Sqlite3Row = Record<string, Exclude<SqlValue, bigint | boolean | Date>>;

/** What `run` reports, as `this` of its callback. */
export interface Sqlite3RunResult {
  readonly lastID: number;
  readonly changes: number;
}

export interface Sqlite3Statement {
  get(callback: (error: Sqlite3Error | null, row?: Sqlite3Row) => void): void;
  finalize(callback?: () => void): void;
}

export interface Sqlite3Database {
  all(
    sql: string,
    parameters: readonly SqlParameter[],
    callback: (error: Sqlite3Error | null, rows?: Sqlite3Row[]) => void,
  ): void;
  run(
    sql: string,
    parameters: readonly SqlParameter[],
    callback: (this: Sqlite3RunResult, error: Sqlite3Error | null) => void,
  ): void;
  prepare(
    sql: string,
    parameters: readonly SqlParameter[],
    callback: (error: Sqlite3Error | null) => void,
  ): Sqlite3Statement;
  configure(option: 'busyTimeout', milliseconds: number): void;
  interrupt(): void;
  close(callback: (error: Sqlite3Error | null) => void): void;
}

export interface Sqlite3Binding {
  readonly Database: new (
    file: string,
    callback: (error: Sqlite3Error | null) => void,
  ) => Sqlite3Database;
}

/**
 * Loads the npm package sqlite3, an optional peer dependency.
 *
 * @throws DqliteError `LIBRARY_MISSING` when it is not installed or was not compiled for this Node.js
 */
export async function loadSqlite3(
  load: () => Promise<unknown> = () => import('sqlite3'),
): Promise<Sqlite3Binding> {
  let loaded: unknown;
  try {
    loaded = await load();
  } catch (cause) {
    throw new DqliteError('SQLITE3_MISSING', {}, { cause });
  }
  const binding = isObject(loaded) && 'default' in loaded ? loaded.default : loaded;
  if (!isBinding(binding)) {
    throw new DqliteError('SQLITE3_MISSING', {});
  }
  return binding;
}

function isBinding(value: unknown): value is Sqlite3Binding {
  return isObject(value) && 'Database' in value && typeof value.Database === 'function';
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}
