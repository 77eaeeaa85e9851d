/** The client of one replicated database: finds the leader, queues writers, and repeats what is safe to repeat. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { Dial, NodeInfo, SqlParameter } from '../values.js';
import type { DumpedFile } from '../wire/index.js';
import { ClientLease, type LeaseHost, type StatementOptions } from './client-lease.js';
import { checkDatabaseName } from './database-name.js';
import { Deadline, DEFAULT_DEADLINE_MS } from './deadline.js';
import type { QueryResult, Receiver } from './exchanges.js';
import { FifoLock } from './fifo-lock.js';
import { LeaderConnector, type LeaderConnectorOptions } from './leader-connector.js';
import { LeaderPool, type PooledConnection } from './leader-pool.js';
import { ReadBarrier } from './read-barrier.js';
import { isRetryable, retrying } from './retry.js';
import type { StreamedRow } from './row-buffer.js';
import type { ExecResult, SqlSession } from './sql-session.js';
import { classify, classifyAll, type Statement } from './statement.js';

export interface DqliteClientOptions extends Pick<
  LeaderConnectorOptions,
  'attemptTimeoutMs' | 'staggerMs' | 'maxBackoffMs' | 'connection'
> {
  readonly dial: Dial;
  /** The members known now; asked again whenever the leader is searched. */
  readonly servers: () => readonly Pick<NodeInfo, 'address' | 'role'>[];
  /** 1 to 200 letters, digits, `_`, `.` or `-`. */
  readonly database: string;
  /** Connections in use at the same time, besides one for the writer. Default 8. Lower: readers wait. Higher: memory on the leader. */
  readonly poolSize?: number;
  /** Milliseconds that a call may take when it names no deadline of its own. Default 20,000. */
  readonly deadlineMs?: number;
  /**
   * Silence of the leader, milliseconds, after which the other members are asked whether it still leads; where another
   * one does, whoever waits for an answer of the silent one is told. Default 1000. Lower: more questions during slow
   * statements. Higher: a leader that stands still holds its clients up longer.
   */
  readonly silenceMs?: number;
}

export interface AcquireOptions extends StatementOptions {
  /** Take the write ticket before returning, rather than at the first write. Default false. */
  readonly write?: boolean;
}

export interface TransactionOptions extends StatementOptions {
  /** Default `immediate`. A `deferred` one that reads first and then writes may have to run again. */
  readonly mode?: 'immediate' | 'deferred';
  /** Whether the function may be called again when its transaction certainly had no effect. Default true. */
  readonly rerun?: boolean;
}

/** Counters since the client was made, and the state of its queues. */
export interface ClientStats {
  /** Connections that may be in use at the same time, besides the writer's. */
  readonly poolSize: number;
  readonly idleConnections: number;
  readonly usedConnections: number;
  readonly waitingForConnection: number;
  readonly waitingWriters: number;
  readonly retries: number;
  /** Of these retries, how many found the database busy: other members were writing. */
  readonly busy: number;
  readonly unknownOutcomes: number;
}

/** A statement to be run, and how. */
interface Call<T> {
  readonly statement: Statement;
  readonly deadline: Deadline;
  readonly options: StatementOptions | undefined;
  /** Throws when it cannot be sent; otherwise tells the receiver. */
  readonly send: (session: SqlSession, receiver: Receiver<T>) => void;
}

/** Time for those in the middle of something when the client closes, milliseconds. */
const CLOSE_GRACE_MS = 2000;

/** All methods reject with a `DqliteError`. */
export class DqliteClient {
  readonly database: string;
  /** Milliseconds that a call may take when it names no deadline of its own. */
  readonly deadlineMs: number;
  readonly #pool: LeaderPool;
  readonly #connector: LeaderConnector;
  readonly #writers: FifoLock;
  readonly #barrier: ReadBarrier;
  readonly #poolSize: number;
  readonly #host: LeaseHost;
  #closed: DqliteError | undefined;
  #retries = 0;
  #busy = 0;
  #unknownOutcomes = 0;

  constructor(options: DqliteClientOptions) {
    this.database = checkDatabaseName(options.database);
    this.deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    const connection = { schema: { value: 0 }, ...options.connection };
    this.#connector = new LeaderConnector({ ...options, connection });
    this.#poolSize = options.poolSize ?? 8;
    this.#pool = new LeaderPool({
      connector: this.#connector,
      database: this.database,
      size: this.#poolSize,
      silenceMs: options.silenceMs,
      onAbandoned: (address) => this.#barrier.abandon(address),
    });
    this.#writers = new FifoLock(`Waiting to write to the database '${this.database}'`);
    this.#barrier = new ReadBarrier({ dial: options.dial, deadlineMs: this.deadlineMs });
    this.#host = {
      pool: this.#pool,
      writers: this.#writers,
      barrier: this.#barrier,
      deadline: (given) => this.#deadline(given),
      retried: (error) => this.#countRetry(error),
    };
  }

  get stats(): ClientStats {
    return {
      poolSize: this.#poolSize,
      idleConnections: this.#pool.idle,
      usedConnections: this.#pool.inUse,
      waitingForConnection: this.#pool.waiting,
      waitingWriters: this.#writers.waiting,
      retries: this.#retries,
      busy: this.#busy,
      unknownOutcomes: this.#unknownOutcomes,
    };
  }

  /**
   * Runs one statement that yields no rows, in a transaction of its own. Writers take turns. Of several statements in
   * one text, each is run by itself on one connection, and the result is the last one's.
   */
  async exec(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: StatementOptions,
  ): Promise<ExecResult> {
    const statements = classifyAll(sql);
    if (statements.length > 1) return this.#script(statements, parameters, options);
    const statement = classify(sql);
    const deadline = this.#deadline(options);
    return this.#run({
      statement,
      deadline,
      options,
      send: (session, receiver) =>
        session.tryExec(statement, parameters, deadline, receiver) ||
        void session.exec(statement, parameters, deadline).then(receiver.done, receiver.failed),
    });
  }

  /** Runs one statement, in a transaction of its own, and collects its rows. */
  async query(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: StatementOptions,
  ): Promise<QueryResult> {
    const statement = classify(sql);
    const deadline = this.#deadline(options);
    return this.#run({
      statement,
      deadline,
      options,
      send: (session, receiver) =>
        session.tryQuery(statement, parameters, deadline, receiver) ||
        void session.query(statement, parameters, deadline).then(receiver.done, receiver.failed),
    });
  }

  /** Runs one statement and yields its rows as they arrive; the deadline bounds each wait for more. */
  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: StatementOptions,
  ): AsyncGenerator<StreamedRow, void, undefined> {
    refuseTransactionControl(classify(sql));
    const lease = await this.acquire(options);
    try {
      yield* lease.stream(sql, parameters, options);
    } finally {
      await lease.release();
    }
  }

  /** A connection of one's own, to be released by the caller. */
  async acquire(options: AcquireOptions = {}): Promise<ClientLease> {
    const deadline = this.#deadline(options);
    const write = options.write === true;
    if (write) await this.#writers.acquire(deadline);
    try {
      const pooled = await this.#attempts(deadline, options, () =>
        this.#pool.acquire(deadline, write),
      );
      return new ClientLease(this.#host, pooled, write);
    } catch (error) {
      if (write) this.#writers.release();
      throw error;
    }
  }

  /**
   * Calls `work` within a transaction, commits when it resolves and rolls back when it rejects.
   *
   * When the transaction certainly had no effect (the leader changed, another writer came first), `work` is called
   * again, within the deadline: it should do nothing but what it does through its lease. Switch that off with `rerun`.
   *
   * @throws DqliteError OUTCOME_UNKNOWN when the answer to COMMIT was lost
   */
  async transaction<T>(
    work: (lease: ClientLease) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const deadline = this.#deadline(options);
    let isStarted = false;
    const mayRetry = (): boolean => !isStarted || options.rerun !== false;
    return this.#attempts(deadline, { ...options, mayRetry }, async () => {
      const rest = { signal: options.signal, deadlineMs: deadline.remainingMs };
      const lease = await this.acquire({ ...rest, write: options.mode !== 'deferred' });
      try {
        await lease.begin(options.mode, { ...rest, consistency: options.consistency });
        isStarted = true;
        const result = await work(lease);
        await lease.commitAndFinish({
          signal: options.signal,
          deadlineMs: deadline.remainingMs,
        });
        return result;
      } finally {
        await lease.release();
      }
    });
  }

  /** The files of the database, as they are on the leader. */
  async dump(options?: StatementOptions): Promise<readonly DumpedFile[]> {
    const deadline = this.#deadline(options);
    return this.#attempts(deadline, options, async () => {
      this.#checkOpen();
      const wait = { signal: deadline.signal, deadlineMs: deadline.remainingMs };
      const connection = await this.#connector.connect(wait);
      try {
        return await connection.dump(this.database, options);
      } finally {
        connection.close();
      }
    });
  }

  /** Refuses new work, lets what is running finish for up to 2 s, and closes all connections. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = new DqliteError('CLOSED', { what: `The client of '${this.database}'` });
      this.#pool.close(this.#closed);
      this.#writers.close(this.#closed);
      this.#barrier.close(this.#closed);
    }
    await this.#pool.drain(CLOSE_GRACE_MS);
  }

  /** A statement in a transaction of its own; a writing one takes its turn first. */
  #run<T>(call: Call<T>): Promise<T> {
    const { statement, deadline } = call;
    this.#checkOpen();
    refuseTransactionControl(statement);
    return new Promise((resolve, reject) => {
      const { writes } = statement;
      const first: Receiver<T> = {
        done: (answer) => {
          // The next writer's request leaves before this one's user hears of the answer.
          if (writes) this.#writers.release();
          resolve(answer);
        },
        failed: (reason) => {
          this.#runAgain(call, reason)
            .finally(() => writes && this.#writers.release())
            .then(resolve, reject);
        },
      };
      if (writes) this.#writers.request(deadline, () => this.#attempt(call, first), reject);
      else this.#attempt(call, first);
    });
  }

  /** Goes on after the first attempt: repeats what is safe to repeat. */
  #runAgain<T>(call: Call<T>, firstError: unknown): Promise<T> {
    let isFirst = true;
    return this.#attempts(call.deadline, call.options, () => {
      if (!isFirst) {
        return new Promise<T>((done, failed) => this.#attempt(call, { done, failed }));
      }
      isFirst = false;
      return Promise.reject(firstError);
    });
  }

  /** One attempt, on a connection that is given back before `receiver` is told. */
  #attempt<T>(call: Call<T>, { done, failed }: Receiver<T>): void {
    const { statement, deadline, options, send } = call;
    const use = (pooled: PooledConnection): void => {
      const { connection } = pooled;
      const fail = (error: unknown): void => {
        if (connection.closed) this.#pool.evict(connection.address);
        pooled.release();
        failed(error);
      };
      const start = (): void => {
        try {
          send(connection.session, {
            done: (answer) => {
              pooled.release();
              done(answer);
            },
            failed: fail,
          });
        } catch (error) {
          fail(error);
        }
      };
      if (options?.consistency !== 'linearizable') start();
      else void this.#barrier.pass(connection, deadline).then(start, fail);
    };
    this.#pool.request(deadline, statement.writes, use, failed);
  }

  #attempts<T>(
    deadline: Deadline,
    options: (StatementOptions & { mayRetry?: () => boolean }) | undefined,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const { idempotent, mayRetry } = options ?? {};
    const what = `A request to the database '${this.database}'`;
    const onRetry = (error: DqliteError): void => this.#countRetry(error);
    return retrying(
      { deadline, what, idempotent, onRetry, ...(mayRetry === undefined ? {} : { mayRetry }) },
      async () => {
        try {
          return await attempt();
        } catch (error) {
          if (isDqliteError(error, 'OUTCOME_UNKNOWN')) this.#unknownOutcomes++;
          throw error;
        }
      },
    );
  }

  /** Statements one after the other on one connection; repeated only while none of them was run. */
  async #script(
    statements: readonly Statement[],
    parameters: readonly SqlParameter[],
    options: StatementOptions | undefined,
  ): Promise<ExecResult> {
    if (parameters.length > 0) {
      throw new DqliteError('STATEMENT_REFUSED', {
        statement: `A text of ${statements.length} statements`,
        reason: 'parameters would all go to the first; send the statements one by one',
      });
    }
    const lease = await this.acquire({
      ...options,
      write: statements.some(({ writes }) => writes),
    });
    try {
      let result: ExecResult = { lastInsertId: 0, rowsAffected: 0 };
      for (const statement of statements) result = await lease.exec(statement.sql, [], options);
      return result;
    } finally {
      await lease.release();
    }
  }

  #deadline(options: StatementOptions | undefined): Deadline {
    return new Deadline(options, this.deadlineMs);
  }

  #countRetry(error: DqliteError): void {
    this.#retries++;
    if (isDqliteError(error, 'BUSY', 'BUSY_SNAPSHOT')) this.#busy++;
    else if (isRetryable(error)) this.#pool.evict(this.#connector.lastLeader ?? '');
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }
}

/** A transaction that spans calls needs a connection of its own. */
function refuseTransactionControl({ kind, sql }: Statement): void {
  if (kind === 'begin' || kind === 'commit' || kind === 'rollback' || kind === 'savepoint') {
    throw new DqliteError('STATEMENT_REFUSED', {
      statement: sql,
      reason: 'each call may use another connection; use transaction() or acquire()',
    });
  }
}
