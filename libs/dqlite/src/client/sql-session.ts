/** Runs statements on one connection with an open database, and keeps the sixteen rules while doing so. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { SqlParameter } from '../values.js';
import { encodeRequest, MAX_NARROW_PARAMETERS, type TupleSchema } from '../wire/index.js';
import { probeCapabilities, type Capabilities } from './capabilities.js';
import type { Channel } from './channel.js';
import { Deadline } from './deadline.js';
import { requestOne, requestParts, requestRows, type QueryResult } from './exchanges.js';
import { FifoLock } from './fifo-lock.js';
import { RowBuffer, type StreamedRow } from './row-buffer.js';
import type { Effect } from './server-failure.js';
import { classify, type Statement } from './statement.js';
import { StatementCache, type SchemaGeneration } from './statement-cache.js';
import { TransactionState, type TransactionStatus } from './transaction-state.js';

/** What a statement that yields no rows reports. Both are 0 for anything but INSERT, REPLACE, UPDATE and DELETE. */
export interface ExecResult {
  readonly lastInsertId: number | bigint;
  readonly rowsAffected: number;
}

/** Time for a ROLLBACK or a check after an error, when the caller's own time may be over. */
const CLEAN_UP_MS = 2000;

/** Rows that may wait for a slow reader of a stream. More costs memory; fewer make the server wait, which rule 13 warns of. */
const STREAM_BUFFER_ROWS = 16_384;

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
  readonly #cache: StatementCache;
  readonly #schema: SchemaGeneration;
  readonly #transaction = new TransactionState();
  /** One statement, or one group that belongs together, at a time. */
  readonly #turn: FifoLock;
  #capabilities: Capabilities | undefined;
  #isTainted = false;
  #changedSchema = false;

  constructor(channel: Channel, schema: SchemaGeneration, preparedStatements: number) {
    this.#channel = channel;
    this.#schema = schema;
    this.#cache = new StatementCache(preparedStatements, schema);
    this.#turn = new FifoLock('A statement waiting for the connection');
  }

  get transactionStatus(): TransactionStatus {
    return this.#transaction.status;
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
    await this.#turn.acquire(deadline);
    try {
      await this.#check(statement, parameters, deadline);
      yield* this.#streamParts(statement, parameters, deadline);
    } finally {
      this.#turn.release();
    }
  }

  /** Whether somebody waits behind the statement that is running. */
  get hasWaiters(): boolean {
    return this.#turn.waiting > 0;
  }

  async #inTurn<T>(deadline: Deadline, run: () => Promise<T>): Promise<T> {
    if (!this.#turn.tryAcquire()) {
      this.#channel.resume();
      await this.#turn.acquire(deadline);
    }
    try {
      return await run();
    } finally {
      this.#turn.release();
    }
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
    if (parameters.length !== statement.parameterCount) {
      throw new DqliteError('PARAMETER_COUNT', {
        given: parameters.length,
        expected: statement.parameterCount,
      });
    }
    if (parameters.length <= MAX_NARROW_PARAMETERS) return;
    this.#capabilities ??= await probeCapabilities(this.#channel, deadline);
    const { maxParameters } = this.#capabilities;
    if (parameters.length > maxParameters) {
      const { address } = this.#channel;
      const count = parameters.length;
      throw new DqliteError('TOO_MANY_PARAMETERS', { count, address, limit: maxParameters });
    }
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
      await this.rollBackQuietly();
      throw error;
    }
  }

  /** Leaves no transaction behind; a connection on which that fails is closed. Never throws. */
  async rollBackQuietly(): Promise<void> {
    if (this.#channel.ended !== undefined || this.#transaction.status === 'none') return;
    try {
      await this.#command(ROLLBACK, [], new Deadline({ deadlineMs: CLEAN_UP_MS }));
    } catch (error) {
      this.#channel.destroy(error instanceof Error ? error : new Error(String(error)));
    }
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
      const frame = await this.#frame('exec', statement, parameters, deadline);
      const result = await requestOne(this.#channel, 'result', frame, effect, deadline);
      this.#succeeded(statement);
      // After anything else these are numbers of an earlier statement.
      if (statement.kind !== 'write') return NO_RESULT;
      return { lastInsertId: result.lastInsertId, rowsAffected: result.rowsAffected };
    } catch (error) {
      if (isGone(error)) {
        this.#cache.clear();
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
      if (statement.followsSchema) await this.#refreshSchema(effect, deadline);
      const frame = await this.#frame('query', statement, parameters, deadline);
      const result = await requestRows(this.#channel, frame, effect, deadline);
      this.#succeeded(statement);
      return result;
    } catch (error) {
      if (isGone(error)) {
        this.#cache.clear();
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

  async *#streamParts(
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): AsyncGenerator<StreamedRow, void, undefined> {
    const effect = this.#transaction.effectOf(statement);
    if (statement.followsSchema) await this.#refreshSchema(effect, deadline);
    const frame = await this.#frame('query', statement, parameters, deadline);
    const channel = this.#channel;
    const buffer = new RowBuffer({
      highWaterRows: STREAM_BUFFER_ROWS,
      onFull: () => {
        if (!this.hasWaiters) channel.pause();
      },
      onDrained: () => channel.resume(),
    });
    const exchange = requestParts(channel, frame, effect, deadline, buffer);
    try {
      for (;;) {
        const part = await buffer.take();
        if (part === undefined) return;
        for (const row of part.rows) yield { columns: part.columns, row };
        channel.extend(exchange, deadline.ms);
      }
    } catch (error) {
      await this.#failed(statement, error);
      throw error;
    } finally {
      await this.#leaveStream(buffer);
    }
  }

  async #leaveStream(buffer: RowBuffer): Promise<void> {
    if (buffer.isComplete) return;
    if (this.#transaction.status !== 'open') {
      this.#channel.destroy(new Error('the reader of a result left it early'));
      return;
    }
    this.#channel.resume();
    try {
      do buffer.discard();
      while ((await buffer.take()) !== undefined);
    } catch {
      // Whatever ended the result is met again by the next statement of the transaction.
    }
  }

  /**
   * A server names the columns of a result before it notices that another connection has changed the schema, and then
   * sends as many values as it named. Any read of a table makes it notice.
   */
  async #refreshSchema(effect: Effect, deadline: Deadline): Promise<void> {
    const frame = encodeRequest({
      type: 'query-sql',
      sql: 'SELECT 1 FROM sqlite_master LIMIT 1',
      parameters: [],
      schema: 0,
    });
    await requestRows(this.#channel, frame, effect, deadline);
  }

  /** The request for `statement`: by text, or by the id under which it is prepared. */
  async #frame(
    type: 'exec' | 'query',
    statement: Statement,
    parameters: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<Buffer> {
    const schema: TupleSchema = parameters.length > MAX_NARROW_PARAMETERS ? 1 : 0;
    const id = statement.preparable ? await this.#preparedId(statement.sql, deadline) : undefined;
    return encodeRequest(
      id === undefined
        ? { type: `${type}-sql`, sql: statement.sql, parameters, schema }
        : { type, statement: id, parameters, schema },
    );
  }

  async #preparedId(sql: string, deadline: Deadline): Promise<number | undefined> {
    const preparation = this.#cache.next(sql);
    for (const id of this.#cache.takeStale()) {
      const frame = encodeRequest({ type: 'finalize', statement: id });
      await requestOne(this.#channel, 'empty', frame, 'none', deadline);
    }
    if (preparation.action === 'use') return preparation.id;
    if (preparation.action === 'send-text') return undefined;
    const frame = encodeRequest({ type: 'prepare', sql });
    const { id } = await requestOne(this.#channel, 'statement', frame, 'none', deadline);
    this.#cache.prepared(sql, id);
    return id;
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
