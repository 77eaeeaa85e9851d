/** A connection of the client in one user's hands: statements and transactions that belong together. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { SqlParameter } from '../values.js';
import type { DqliteConnection } from './connection.js';
import type { Deadline } from './deadline.js';
import type { QueryResult } from './exchanges.js';
import type { FifoLock } from './fifo-lock.js';
import type { LeaderPool, PooledConnection } from './leader-pool.js';
import type { Consistency, ReadBarrier } from './read-barrier.js';
import { retrying } from './retry.js';
import type { StreamedRow } from './row-buffer.js';
import type { ExecResult, SqlSession } from './sql-session.js';
import { classify, type Statement } from './statement.js';

/** Options of each statement. */
export interface StatementOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, waiting in queues included. Default: the client's. */
  readonly deadlineMs?: number | undefined;
  /** A second execution does no harm: repeat even when the outcome of the first is unknown. Default false. */
  readonly idempotent?: boolean | undefined;
  /** What the statement may miss, or with BEGIN the whole transaction; within one, what its BEGIN was given. Default `leader`. */
  readonly consistency?: Consistency | undefined;
}

/** What a lease needs of its client. */
export interface LeaseHost {
  readonly pool: LeaderPool;
  /** The database's queue of writers. */
  readonly writers: FifoLock;
  readonly barrier: ReadBarrier;
  deadline(options: StatementOptions | undefined): Deadline;
  retried(error: DqliteError): void;
}

/**
 * Uses one connection until {@link release}. Outside of a transaction, what is safe to repeat is repeated, on another
 * connection if need be; within one, nothing is repeated but statements that found the database busy.
 *
 * From its first write until commit, rollback or release, a lease holds the database's write ticket, for which
 * other writers of this client wait.
 */
export class ClientLease {
  readonly #host: LeaseHost;
  #pooled: PooledConnection | undefined;
  #hasTicket: boolean;
  /** Whether the ticket was asked for in advance and outlives single statements. */
  #keepsTicket: boolean;
  #isReleased = false;
  /** Whether the last statement was given: nothing may follow it. */
  #isFinishing = false;
  /** Statements given in parallel share one wait for the ticket and one for a connection. */
  #ticketOnItsWay: Promise<void> | undefined;
  #connectionOnItsWay: Promise<PooledConnection> | undefined;
  #runningWrites = 0;

  /** @internal Made by `DqliteClient.acquire`. */
  constructor(host: LeaseHost, pooled: PooledConnection | undefined, hasTicket: boolean) {
    this.#host = host;
    this.#pooled = pooled;
    this.#hasTicket = hasTicket;
    this.#keepsTicket = hasTicket;
  }

  /** Whether a transaction is open (or was ended by an error and still needs its rollback). */
  get inTransaction(): boolean {
    return this.#status !== 'none';
  }

  /** Begins a transaction; an immediate one (the default) takes its turn among the writers at once. */
  async begin(
    mode: 'immediate' | 'deferred' = 'immediate',
    options?: StatementOptions,
  ): Promise<void> {
    await this.exec(mode === 'immediate' ? 'BEGIN IMMEDIATE' : 'BEGIN', [], options);
  }

  async commit(options?: StatementOptions): Promise<void> {
    await this.exec('COMMIT', [], options);
  }

  /** @internal Commits and accepts nothing from then on: what comes too late for the transaction must not commit by itself. */
  async commitAndFinish(options?: StatementOptions): Promise<void> {
    const committed = this.commit(options);
    this.#isFinishing = true;
    await committed;
  }

  /** Undoes the transaction. Succeeds also when an error or the loss of the connection has undone it already. */
  async rollback(options?: StatementOptions): Promise<void> {
    if (this.#pooled?.connection.closed === true) {
      this.#dropConnection();
      this.#settle('rollback');
      return;
    }
    if (this.inTransaction) await this.exec('ROLLBACK', [], options);
  }

  /** Runs one statement that yields no rows. */
  async exec(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: StatementOptions,
  ): Promise<ExecResult> {
    const statement = classify(sql);
    const deadline = this.#host.deadline(options);
    return this.#run(statement, deadline, options, (session) =>
      session.exec(statement, parameters, deadline),
    );
  }

  /** Runs one statement and collects its rows. */
  async query(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: StatementOptions,
  ): Promise<QueryResult> {
    const statement = classify(sql);
    const deadline = this.#host.deadline(options);
    return this.#run(statement, deadline, options, (session) =>
      session.query(statement, parameters, deadline),
    );
  }

  /** Runs one statement and yields its rows as they arrive; the deadline bounds each wait for more. */
  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: StatementOptions,
  ): AsyncGenerator<StreamedRow, void, undefined> {
    const statement = classify(sql);
    if (statement.writes || !statement.useQuery) {
      const { columns, rows } = await this.query(sql, parameters, options);
      for (const row of rows) yield { columns, row };
      return;
    }
    const deadline = this.#host.deadline(options);
    // Until the first row is here, nothing was seen, and the query may start over.
    const { rows, first } = await this.#run(statement, deadline, options, async (session) => {
      const rows = session.stream(statement, parameters, deadline);
      return { rows, first: await rows.next() };
    });
    try {
      if (first.done === true) return;
      yield first.value;
      yield* rows;
    } finally {
      await rows.return();
    }
  }

  /**
   * Gives the connection back; an open transaction is rolled back. Idempotent, never throws.
   *
   * @param error why the work ended; the connection is then closed rather than kept
   */
  async release(error?: unknown): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const connection = this.#pooled?.connection;
    if (connection !== undefined && !connection.closed) {
      const isFailed = error !== undefined && !isDqliteError(error);
      if (connection.transactionStatus === 'none' && isFailed) connection.close();
      else await connection.session.leave();
    }
    this.#dropConnection();
    this.#dropTicket();
  }

  get #status(): 'none' | 'open' | 'ended' {
    return this.#pooled?.connection.transactionStatus ?? 'none';
  }

  get #transaction(): symbol | undefined {
    return this.#pooled?.connection.transaction;
  }

  /** A statement that waited, for the ticket or to be repeated, must not outlive the transaction to which it was given. */
  #refuseAfter(transaction: symbol, { address }: DqliteConnection): void {
    if (this.#transaction !== transaction) throw new DqliteError('TRANSACTION_ENDED', { address });
  }

  /** Whether the connection carries something that another one would lack: a transaction, settings, temporary tables. */
  get #isPinned(): boolean {
    return this.inTransaction || this.#pooled?.connection.isTainted === true;
  }

  async #run<T>(
    statement: Statement,
    deadline: Deadline,
    options: StatementOptions | undefined,
    send: (session: SqlSession) => Promise<T>,
  ): Promise<T> {
    if (this.#isReleased || this.#isFinishing)
      throw new DqliteError('CLOSED', { what: 'The lease' });
    const isPinned = this.#isPinned;
    const transaction = this.#transaction;
    const isConfirmed = options?.consistency === 'linearizable' && !this.inTransaction;
    const idempotent = options?.idempotent;
    const isWrite = statement.writes && statement.kind !== 'commit';
    if (isWrite) await this.#takeTicket(deadline);
    const what = 'A statement of a lease';
    const onRetry = (error: DqliteError): void => this.#host.retried(error);
    const mayRetry = (error: DqliteError): boolean => !isPinned || error.code === 'BUSY';
    if (isWrite) this.#runningWrites++;
    try {
      return await retrying({ deadline, what, idempotent, onRetry, mayRetry }, async () => {
        const connection = await this.#connection(deadline);
        try {
          if (isConfirmed) await this.#host.barrier.pass(connection, deadline);
          if (transaction !== undefined) this.#refuseAfter(transaction, connection);
          return await send(connection.session);
        } catch (error) {
          if (!isPinned) this.#lost(error);
          throw error;
        }
      });
    } finally {
      if (isWrite) this.#runningWrites--;
      this.#settle(statement.kind);
    }
  }

  async #takeTicket(deadline: Deadline): Promise<void> {
    while (!this.#hasTicket) {
      if (this.#ticketOnItsWay === undefined && this.#host.writers.tryAcquire()) {
        this.#hasTicket = true;
        return;
      }
      this.#ticketOnItsWay ??= this.#waitForTicket(deadline);
      await this.#ticketOnItsWay;
    }
  }

  async #waitForTicket(deadline: Deadline): Promise<void> {
    try {
      await this.#host.writers.acquire(deadline);
    } finally {
      this.#ticketOnItsWay = undefined;
    }
    this.#hasTicket = true;
    if (!this.#isReleased) return;
    this.#dropTicket();
    throw new DqliteError('CLOSED', { what: 'The lease' });
  }

  /** The connection to use now; outside of a transaction, a lost connection is replaced. */
  async #connection(deadline: Deadline): Promise<DqliteConnection> {
    if (this.#isReleased) throw new DqliteError('CLOSED', { what: 'The lease' });
    if (this.#pooled?.connection.closed === true && !this.#isPinned) this.#dropConnection();
    if (this.#pooled === undefined) {
      this.#connectionOnItsWay ??= this.#waitForConnection(deadline);
      this.#pooled = await this.#connectionOnItsWay;
    }
    return this.#pooled.connection;
  }

  async #waitForConnection(deadline: Deadline): Promise<PooledConnection> {
    try {
      const pooled = await this.#host.pool.acquire(deadline, this.#hasTicket);
      if (!this.#isReleased) return pooled;
      pooled.release();
      throw new DqliteError('CLOSED', { what: 'The lease' });
    } finally {
      this.#connectionOnItsWay = undefined;
    }
  }

  /** Outside of a transaction: the next attempt uses another connection if this one is done for. */
  #lost(error: unknown): void {
    if (
      isDqliteError(error, 'NOT_LEADER', 'LEADERSHIP_LOST', 'CONNECTION_LOST', 'OUTCOME_UNKNOWN')
    ) {
      const address = this.#pooled?.connection.address;
      this.#dropConnection();
      if (address !== undefined) this.#host.pool.evict(address);
    }
  }

  /** The ticket goes to the next writer as soon as nothing is left uncommitted. */
  #settle(kind: Statement['kind']): void {
    if (this.inTransaction) return;
    if (kind === 'commit' || kind === 'rollback') this.#keepsTicket = false;
    if (!this.#keepsTicket && this.#runningWrites === 0) this.#dropTicket();
  }

  #dropConnection(): void {
    this.#pooled?.release();
    this.#pooled = undefined;
  }

  #dropTicket(): void {
    if (this.#hasTicket) this.#host.writers.release();
    this.#hasTicket = false;
    this.#keepsTicket = false;
  }
}
