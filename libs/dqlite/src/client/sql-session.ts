/** Runs statements on one connection with an open database, and keeps the sixteen rules while doing so. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { SqlParameter } from '../values.js';
import { encodeRequest } from '../wire/index.js';
import type { Channel } from './channel.js';
import { Deadline } from './deadline.js';
import {
  requestOne,
  requestRows,
  sendForOne,
  sendForRows,
  type QueryResult,
  type Receiver,
} from './exchanges.js';
import { FifoLock } from './fifo-lock.js';
import { streamResult } from './result-stream.js';
import type { StreamedRow } from './row-buffer.js';
import { classify, type Statement } from './statement.js';
import type { SchemaGeneration } from './statement-cache.js';
import { StatementFrames } from './statement-frames.js';
import { TransactionState, type TransactionStatus } from './transaction-state.js';

/** What a statement that yields no rows reports. Both are 0 for anything but INSERT, REPLACE, UPDATE and DELETE. */
export interface ExecResult {
  readonly lastInsertId: number | bigint;
  readonly rowsAffected: number;
}

/** Time for a ROLLBACK or a check after an error, when the caller's own time may be over. */
const CLEAN_UP_MS = 2000;

/** Old servers execute nothing when a statement without columns is sent as a query. */
const NO_COLUMNS = 'not an error';
const SQLITE_ERROR = 1;
const SQLITE_ROW = 100;
const NO_RESULT: ExecResult = { lastInsertId: 0, rowsAffected: 0 };
const STATEMENT_GONE = 'no statement with the given id';

const BEGIN = classify('BEGIN');
const BEGIN_IMMEDIATE = classify('BEGIN IMMEDIATE');
const COMMIT = classify('COMMIT');
const ROLLBACK = classify('ROLLBACK');
const LAST_CHANGE = classify('SELECT last_insert_rowid(), changes()');

export class SqlSession {
  readonly #channel: Channel;
  readonly #frames: StatementFrames;
  readonly #schema: SchemaGeneration;
  readonly #transaction = new TransactionState();
  /** One statement, or one group that belongs together, at a time. */
  readonly #turn: FifoLock;
  #isTainted = false;
  #changedSchema = false;
  /** How many users of the connection have left it. */
  #departures = 0;

  constructor(channel: Channel, schema: SchemaGeneration, preparedStatements: number) {
    this.#channel = channel;
    this.#schema = schema;
    this.#frames = new StatementFrames(channel, schema, preparedStatements);
    this.#turn = new FifoLock('A statement waiting for the connection');
  }

  get transactionStatus(): TransactionStatus {
    return this.#transaction.status;
  }

  /** Tells the transaction on the connection from all others; undefined when there is none. */
  get transaction(): symbol | undefined {
    return this.#transaction.current;
  }

  /** Whether no statement has its turn or waits for it. */
  get isIdle(): boolean {
    return this.#turn.taken === 0;
  }

  /** Whether settings or temporary tables were left on the connection. */
  get isTainted(): boolean {
    return this.#isTainted;
  }

  /** Makes a fresh connection safe to use (rule 3). */
  async warmUp(deadline: Deadline): Promise<void> {
    // The write buffer of the server grows once, here, and no longer overflows under wide rows.
    await this.query(classify('SELECT zeroblob(65536)'), [], deadline);
    // Large transactions fail when pages spill into the log.
    await this.#command(classify('PRAGMA cache_spill=0'), [], deadline);
    this.#isTainted = false;
  }

  exec(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<ExecResult> {
    return this.#inTurn(deadline, async () => {
      await this.#check(statement, parameters, deadline);
      if (!statement.useQuery) return this.#command(statement, parameters, deadline);
      if (!statement.returning) {
        await this.#guarded(statement, parameters, deadline);
        return NO_RESULT;
      }
      return this.#inOwnTransaction(statement, deadline, async () => {
        await this.#rows(statement, parameters, deadline);
        const change = (await this.#rows(LAST_CHANGE, [], deadline)).rows[0];
        const [id, count] = [change?.[0], change?.[1]];
        return {
          lastInsertId: typeof id === 'number' || typeof id === 'bigint' ? id : 0,
          rowsAffected: Number(count ?? 0),
        };
      });
    });
  }

  query(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<QueryResult> {
    return this.#inTurn(deadline, async () => {
      await this.#check(statement, parameters, deadline);
      if (statement.useQuery) return this.#guarded(statement, parameters, deadline);
      await this.#command(statement, parameters, deadline);
      return { columns: [], rows: [] };
    });
  }

  /**
   * {@link exec} of a plain write outside of a transaction, sent at once and answered without a pause.
   *
   * @returns false when that cannot be done now; nothing was sent then
   * @throws DqliteError INVALID_PARAMETER
   */
  tryExec(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
    receiver: Receiver<ExecResult>,
  ): boolean {
    if (statement.kind !== 'write' || statement.useQuery) return false;
    const frame = this.#tryTurn('exec', statement, parameters);
    if (frame === undefined) return false;
    const again = (): Promise<ExecResult> => this.exec(statement, parameters, deadline);
    const { done, failed } = this.#leaving(statement, receiver, again);
    sendForOne(this.#channel, 'result', frame, 'durable', deadline, {
      done: ({ lastInsertId, rowsAffected }) => done({ lastInsertId, rowsAffected }),
      failed,
    });
    return true;
  }

  /** {@link query} of a plain read outside of a transaction; as {@link tryExec}. */
  tryQuery(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
    receiver: Receiver<QueryResult>,
  ): boolean {
    if (statement.kind !== 'read') return false;
    const frame = this.#tryTurn('query', statement, parameters);
    if (frame === undefined) return false;
    const again = (): Promise<QueryResult> => this.query(statement, parameters, deadline);
    const leaving = this.#leaving(statement, receiver, again);
    sendForRows(this.#channel, frame, 'none', deadline, leaving);
    return true;
  }

  /**
   * Yields the rows as they arrive. Leaving the loop early closes the connection, unless a transaction is open on it:
   * then the rest is read and thrown away.
   *
   * @param deadline bounds each wait for rows, not the whole
   */
  async *stream(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): AsyncGenerator<StreamedRow, void, undefined> {
    if (!statement.useQuery || statement.writes) {
      const { columns, rows } = await this.query(statement, parameters, deadline);
      for (const row of rows) yield { columns, row };
      return;
    }
    await this.#takeTurn(deadline);
    let hasTurn = true;
    const leave = (): void => {
      if (hasTurn) this.#turn.release();
      hasTurn = false;
    };
    try {
      await this.#check(statement, parameters, deadline);
      const effect = this.#transaction.effectOf(statement);
      const frame = await this.#frames.make('query', statement, parameters, effect, deadline);
      yield* streamResult({
        channel: this.#channel,
        frame,
        effect,
        deadline,
        hasWaiters: () => this.#turn.waiting > 0,
        // The loop that reads may want to use the connection itself.
        onArrived: leave,
        keepConnection: () => this.#transaction.status === 'open',
      });
    } catch (error) {
      await this.#failed(statement, error);
      throw error;
    } finally {
      leave();
    }
  }

  /** Takes the connection if it is free, in no transaction, and `statement` can be sent as it is; returns its frame. */
  #tryTurn(
    type: 'exec' | 'query',
    statement: Statement,
    parameters: readonly SqlParameter[],
  ): Buffer | undefined {
    if (this.#turn.taken > 0 || this.#transaction.status !== 'none') return undefined;
    const frame = this.#frames.ready(type, statement, parameters);
    return frame !== undefined && this.#turn.tryAcquire() ? frame : undefined;
  }

  /** Leaves the connection to the next statement before it tells `receiver`. */
  #leaving<T>(statement: Statement, receiver: Receiver<T>, again: () => Promise<T>): Receiver<T> {
    return {
      done: (answer) => {
        this.#succeeded(statement);
        this.#turn.release();
        receiver.done(answer);
      },
      failed: (reason) => {
        this.#turn.release();
        if (!isGone(reason)) return receiver.failed(reason);
        this.#frames.forget();
        again().then(receiver.done, receiver.failed);
      },
    };
  }

  async #inTurn<T>(deadline: Deadline, run: () => Promise<T>): Promise<T> {
    await this.#takeTurn(deadline);
    try {
      return await run();
    } finally {
      this.#turn.release();
    }
  }

  /**
   * Waits for the turn. Behind the COMMIT or ROLLBACK of the transaction to which it was given, a statement would
   * commit by itself, so it is refused; so is one whose user has left the connection.
   */
  async #takeTurn(deadline: Deadline): Promise<void> {
    if (this.#turn.tryAcquire()) return;
    const { current } = this.#transaction;
    const departures = this.#departures;
    this.#channel.resume();
    await this.#turn.acquire(deadline);
    const isOver = current !== undefined && current !== this.#transaction.current;
    if (!isOver && departures === this.#departures) return;
    this.#turn.release();
    throw new DqliteError('TRANSACTION_ENDED', { address: this.#channel.address });
  }

  /** Refuses what must not be sent now. */
  async #check(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<void> {
    if (this.#transaction.status === 'ended' && statement.kind !== 'rollback') {
      throw new DqliteError('TRANSACTION_ENDED', { address: this.#channel.address });
    }
    await this.#frames.check(statement, parameters, deadline);
  }

  /** A query, within a transaction of its own where it writes. */
  #guarded(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<QueryResult> {
    if (!statement.needsTransaction) return this.#rows(statement, parameters, deadline);
    return this.#inOwnTransaction(statement, deadline, () =>
      this.#rows(statement, parameters, deadline),
    );
  }

  /** Outside of a transaction, a write that yields rows would not be replicated and would stop the server (rule 4). */
  async #inOwnTransaction<T>(
    statement: Statement,
    deadline: Deadline,
    run: () => Promise<T>,
  ): Promise<T> {
    if (!statement.needsTransaction || this.#transaction.status === 'open') return run();
    await this.#command(BEGIN_IMMEDIATE, [], deadline);
    try {
      const result = await run();
      await this.#command(COMMIT, [], deadline);
      return result;
    } catch (error) {
      await this.#rollBackQuietly(new Deadline({ deadlineMs: CLEAN_UP_MS }));
      throw error;
    }
  }

  /**
   * Ends the use of the connection: what still waits for its turn is refused, and an open transaction is rolled back
   * behind the statement that has the turn. A connection on which that fails is closed. Never throws.
   */
  async leave(): Promise<void> {
    this.#departures++;
    if (this.#transaction.status === 'none') return;
    const deadline = new Deadline({ deadlineMs: CLEAN_UP_MS });
    try {
      await this.#inTurn(deadline, () => this.#rollBackQuietly(deadline));
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** Leaves no transaction behind; a connection on which that fails is closed. For the holder of the turn. Never throws. */
  async #rollBackQuietly(deadline: Deadline): Promise<void> {
    if (this.#channel.ended !== undefined || this.#transaction.status === 'none') return;
    try {
      await this.#command(ROLLBACK, [], deadline);
    } catch (error) {
      this.#abandon(error);
    }
  }

  #abandon(error: unknown): void {
    this.#channel.destroy(error instanceof Error ? error : new Error(String(error)));
  }

  async #command(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<ExecResult> {
    if (statement.kind === 'rollback' && this.#transaction.status === 'ended') {
      this.#succeeded(statement);
      return NO_RESULT;
    }
    const effect = this.#transaction.effectOf(statement);
    this.#transaction.sending(statement);
    try {
      const frame = await this.#frames.make('exec', statement, parameters, effect, deadline);
      const result = await requestOne(this.#channel, 'result', frame, effect, deadline);
      this.#succeeded(statement);
      // After anything else these are numbers of an earlier statement.
      if (statement.kind !== 'write') return NO_RESULT;
      return { lastInsertId: result.lastInsertId, rowsAffected: result.rowsAffected };
    } catch (error) {
      if (isGone(error)) {
        this.#frames.forget();
        return this.#command(statement, parameters, deadline);
      }
      if (statement.kind === 'pragma' && isSql(error, SQLITE_ROW)) {
        await this.#rows(statement, parameters, deadline);
        return NO_RESULT;
      }
      await this.#failed(statement, error);
      if (statement.kind === 'rollback' && this.#transaction.status === 'ended') {
        this.#succeeded(statement);
        return NO_RESULT;
      }
      throw error;
    }
  }

  async #rows(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<QueryResult> {
    const effect = this.#transaction.effectOf(statement);
    this.#transaction.sending(statement);
    try {
      const frame = await this.#frames.make('query', statement, parameters, effect, deadline);
      const result = await requestRows(this.#channel, frame, effect, deadline);
      this.#succeeded(statement);
      return result;
    } catch (error) {
      if (isGone(error)) {
        this.#frames.forget();
        return this.#rows(statement, parameters, deadline);
      }
      if (isSql(error, SQLITE_ERROR) && error.serverMessage === NO_COLUMNS) {
        await this.#command({ ...statement, useQuery: false }, parameters, deadline);
        return { columns: [], rows: [] };
      }
      await this.#failed(statement, error);
      throw error;
    }
  }

  #succeeded(statement: Statement): void {
    this.#transaction.succeeded(statement);
    if (statement.taints) this.#isTainted = true;
    if (statement.kind === 'ddl') {
      this.#schema.value++;
      this.#changedSchema = true;
    } else if (this.#changedSchema && this.#transaction.status === 'none') {
      // Committed or taken back: either way what was prepared in between is stale.
      this.#schema.value++;
      this.#changedSchema = false;
    }
  }

  /**
   * Some errors end the transaction (ON CONFLICT ROLLBACK, a full disk), and a statement sent after that would commit
   * by itself. BEGIN tells: within a transaction it fails and changes nothing.
   */
  async #failed(statement: Statement, error: unknown): Promise<void> {
    if (this.#channel.ended !== undefined || this.#transaction.status !== 'open') return;
    if (!isDqliteError(error, 'CONSTRAINT', 'SQL')) return;
    if (statement === BEGIN) return;
    const deadline = new Deadline({ deadlineMs: CLEAN_UP_MS });
    const frame = encodeRequest({ type: 'exec-sql', sql: BEGIN.sql, parameters: [], schema: 0 });
    try {
      await requestOne(this.#channel, 'result', frame, 'none', deadline);
    } catch {
      return; // Still open, or the connection is gone; both are known.
    }
    this.#transaction.endedByError();
    const undo = encodeRequest({ type: 'exec-sql', sql: ROLLBACK.sql, parameters: [], schema: 0 });
    await requestOne(this.#channel, 'result', undo, 'none', deadline);
  }
}

function isSql(error: unknown, code: number): error is DqliteError {
  return isDqliteError(error, 'SQL') && error.sqliteCode === code;
}

function isGone(error: unknown): boolean {
  return isDqliteError(error) && error.serverMessage === STATEMENT_GONE;
}
