/** Errors of sqlite3 as errors of this library, the same as dqlite gives for the same mistake. */
import { DqliteError, isDqliteError } from '../../errors/index.js';
import type { Sqlite3Error } from './binding.js';

const BUSY = 5;
const INTERRUPT = 9;
const CONSTRAINT = 19;
const BUSY_SNAPSHOT = 517;
/** SQLite has no codes for these two. */
const BEGUN_ALREADY = 'cannot start a transaction within a transaction';
const NOTHING_TO_ROLL_BACK = 'cannot rollback - no transaction is active';

/** sqlite3 reports primary codes only; the text tells which constraint it was. */
const CONSTRAINT_CODES: readonly (readonly [text: string, code: number])[] = [
  ['UNIQUE constraint failed', 2067],
  ['FOREIGN KEY constraint failed', 787],
  ['NOT NULL constraint failed', 1299],
  ['CHECK constraint failed', 275],
];

/** Whether the statement was stopped by an interrupt. */
export function isInterrupted(error: Sqlite3Error): boolean {
  return error.errno === INTERRUPT;
}

/** Whether a BEGIN failed because a transaction is open. */
export function isWithinTransaction(error: unknown): boolean {
  return isDqliteError(error, 'SQL') && error.serverMessage === BEGUN_ALREADY;
}

/** Whether a ROLLBACK failed because no transaction is open. */
export function isOutsideTransaction(error: unknown): boolean {
  return isDqliteError(error, 'SQL') && error.serverMessage === NOTHING_TO_ROLL_BACK;
}

/**
 * @param file the database, for the message
 * @returns `CONSTRAINT`, `BUSY`, `BUSY_SNAPSHOT` or `SQL`, with the SQLite result code
 */
export function fromSqlite3Error(error: Sqlite3Error, file: string): DqliteError {
  const reason = error.message.replace(/^SQLITE_[A-Z_]+: /, '');
  const code = error.errno ?? 1;
  const details = { cause: error, serverMessage: reason };
  switch (code & 0xff) {
    case CONSTRAINT: {
      const exact = CONSTRAINT_CODES.find(([text]) => reason.startsWith(text))?.[1] ?? code;
      return new DqliteError('CONSTRAINT', { reason }, { ...details, sqliteCode: exact });
    }
    case BUSY:
      return new DqliteError(
        code === BUSY_SNAPSHOT ? 'BUSY_SNAPSHOT' : 'BUSY',
        { address: file, reason },
        { ...details, sqliteCode: code },
      );
    default:
      return new DqliteError('SQL', { address: file, reason }, { ...details, sqliteCode: code });
  }
}
