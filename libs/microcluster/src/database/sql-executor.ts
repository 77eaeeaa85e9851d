/** The little that this folder asks of a database: statements, a pinned connection, a transaction. */
import type { QueryRunner } from 'typeorm';

/** A parameter of a statement. Times are bound as text by `encodeTime`, never as `Date`. */
export type SqlInput = null | number | bigint | string | Uint8Array;

/** A row by column name; the reader of the row parses each value. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * Runs single statements, one at a time, inside whatever transaction its owner has open.
 * Both methods reject with the database's own error.
 */
export interface SqlExecutor {
  /** Runs a statement that returns rows. */
  query(sql: string, params?: readonly SqlInput[]): Promise<SqlRow[]>;
  /** Runs a statement that returns none; `affected` counts inserted, updated or deleted rows. */
  execute(sql: string, params?: readonly SqlInput[]): Promise<{ readonly affected: number }>;
}

/**
 * One connection. Statements outside of {@link transaction} are committed one by one; settings
 * (`PRAGMA`) made there hold for the transactions that follow on the same session.
 */
export interface SqlSession extends SqlExecutor {
  /** The same connection as TypeORM migrations want it; absent where no TypeORM is involved. */
  readonly queryRunner?: QueryRunner;
  /** Runs `work` in an immediate transaction: committed when it resolves, rolled back when it rejects. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
}

/** Lends a session to `work` and takes it back on every path. */
export type WithSession = <T>(work: (session: SqlSession) => Promise<T>) => Promise<T>;
