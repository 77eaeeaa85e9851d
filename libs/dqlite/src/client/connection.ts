/** A connection to one node: requests about the cluster, and SQL once a database is open on it. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { Dial, NodeInfo, NodeRole, SqlParameter } from '../values.js';
import { encodeRequest, type DumpedFile } from '../wire/index.js';
import { Channel } from './channel.js';
import { checkDatabaseName } from './database-name.js';
import { Deadline, type WaitOptions } from './deadline.js';
import { requestOne, type QueryResult } from './exchanges.js';
import { NodeRequests, type LeaderAnswer, type NodeMetadata } from './node-requests.js';
import type { StreamedRow } from './row-buffer.js';
import { SqlSession, type ExecResult } from './sql-session.js';
import { classify } from './statement.js';
import type { SchemaGeneration } from './statement-cache.js';
import type { TransactionStatus } from './transaction-state.js';

/** Prepared statements kept per connection. */
const PREPARED_STATEMENTS = 100;

/** A server keeps its write buffer at the size of the largest row for the life of a connection (`spec/dqlite.md` D.1). */
const RECYCLE_BODY_BYTES = 1024 * 1024;

export interface ConnectOptions extends WaitOptions {
  readonly dial: Dial;
  /** Address of the node, as the Raft configuration spells it. */
  readonly address: string;
  /** Largest answer accepted, bytes. Default 256 MiB. */
  readonly maxBodyBytes?: number;
  /** Shared by connections that use one schema, so that prepared statements are dropped on all when it changes. */
  readonly schema?: SchemaGeneration;
  /** Statements kept prepared. Default 100; 0 switches preparing off. */
  readonly preparedStatements?: number;
}

/**
 * A connection to the dqlite server of one node. Requests are answered in the order in which they were made, one at
 * a time; cancelling one that is on its way closes the connection, which on the server rolls its transaction back.
 *
 * All methods reject with a `DqliteError`.
 */
export class DqliteConnection {
  readonly #channel: Channel;
  readonly #node: NodeRequests;
  readonly #schema: SchemaGeneration;
  readonly #preparedStatements: number;
  #session: SqlSession | undefined;

  private constructor(channel: Channel, options: ConnectOptions) {
    this.#channel = channel;
    this.#node = new NodeRequests(channel);
    this.#schema = options.schema ?? { value: 0 };
    this.#preparedStatements = options.preparedStatements ?? PREPARED_STATEMENTS;
  }

  /** Dials the node and starts the protocol. The node need not be the leader. */
  static async connect(options: ConnectOptions): Promise<DqliteConnection> {
    const { dial, address, maxBodyBytes } = options;
    const deadline = new Deadline(options);
    const what = `Connecting to ${address}`;
    deadline.check(what);
    const limit = deadline.toSignal();
    try {
      const stream = await dial(address, limit.signal);
      return new DqliteConnection(new Channel(stream, address, maxBodyBytes), options);
    } catch (error) {
      if (deadline.isOver || limit.signal.aborted) throw deadline.error(what);
      if (isDqliteError(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new DqliteError('CONNECTION_LOST', { address, reason }, { cause: error });
    } finally {
      limit.dispose();
    }
  }

  get address(): string {
    return this.#channel.address;
  }

  /** Whether the connection has ended, by {@link close} or by a failure. */
  get closed(): boolean {
    return this.#channel.ended !== undefined;
  }

  /** `ended`: an error took the transaction away, and only ROLLBACK is accepted. */
  get transactionStatus(): TransactionStatus {
    return this.#session?.transactionStatus ?? 'none';
  }

  /** @internal Tells the transaction on this connection from all others; undefined when there is none. */
  get transaction(): symbol | undefined {
    return this.#session?.transaction;
  }

  /** Whether settings or temporary tables were left on the connection. */
  get isTainted(): boolean {
    return this.#session?.isTainted === true;
  }

  /** Whether the connection may serve somebody else now: alive, idle, without leftovers. */
  get isReusable(): boolean {
    return (
      !this.closed &&
      this.#channel.isIdle &&
      this.#session?.isIdle !== false &&
      this.transactionStatus === 'none' &&
      !this.isTainted &&
      this.#channel.decoder.largestBodyBytes < RECYCLE_BODY_BYTES
    );
  }

  /** Calls `listener` once, when the connection ends. */
  onClose(listener: (cause: Error) => void): void {
    this.#channel.onClose(listener);
  }

  /** Closes the connection. Requests on their way fail with CLOSED, or OUTCOME_UNKNOWN where they may have committed. */
  close(): void {
    this.#channel.destroy(new DqliteError('CLOSED', { what: 'The connection' }));
  }

  /** @internal For the watch: grows with everything that is sent or arrives. */
  get progress(): number {
    return this.#channel.progress;
  }

  /** @internal For the watch: whether the reader of a stream is the one that takes its time. */
  get isPaused(): boolean {
    return this.#channel.isPaused;
  }

  /**
   * @internal Gives up on a node that does not answer any more. What was on its way fails with OUTCOME_UNKNOWN where it
   * may have committed, and otherwise with CONNECTION_LOST, which may be repeated elsewhere.
   */
  abandon(cause: Error): void {
    this.#channel.destroy(cause);
  }

  /** Who leads, in the eyes of this node; undefined when it knows of nobody. Ask that node itself before believing it. */
  leader(options?: WaitOptions): Promise<LeaderAnswer | undefined> {
    return this.#node.leader(options);
  }

  /** Introduces this connection as a client's; of no consequence to the server. */
  register(options?: WaitOptions): Promise<void> {
    return this.#node.register(options);
  }

  /** The members as this node knows them; empty on a node that was not added yet. */
  cluster(options?: WaitOptions): Promise<NodeInfo[]> {
    return this.#node.cluster(options);
  }

  /** Failure domain and weight of this node. */
  describe(options?: WaitOptions): Promise<NodeMetadata> {
    return this.#node.describe(options);
  }

  /** Sets the weight of this node, until it restarts. */
  weight(weight: bigint, options?: WaitOptions): Promise<void> {
    return this.#node.weight(weight, options);
  }

  /** Adds a spare node. Leader only; a refusal is MEMBERSHIP with the text in `serverMessage`. */
  add(id: bigint, address: string, options?: WaitOptions): Promise<void> {
    return this.#node.add(id, address, options);
  }

  /** Changes a role; waits until a new voter has caught up (default 60 s). Refuses to demote the only voter. */
  assign(id: bigint, role: NodeRole, options?: WaitOptions): Promise<void> {
    return this.#node.assign(id, role, options);
  }

  /** Removes a node, which is not told. Refuses to remove the only voter. */
  remove(id: bigint, options?: WaitOptions): Promise<void> {
    return this.#node.remove(id, options);
  }

  /** Hands the leadership to voter `id`, or with 0 to any other. */
  transfer(id: bigint, options?: WaitOptions): Promise<void> {
    return this.#node.transfer(id, options);
  }

  /** The files of a database as it is on this node: pages and write-ahead log. */
  dump(name: string, options?: WaitOptions): Promise<readonly DumpedFile[]> {
    return this.#node.dump(checkDatabaseName(name), options);
  }

  /** Opens a database, once, and makes the connection safe for use (rule 3). Creates it when it is new. */
  async open(database: string, options?: WaitOptions): Promise<void> {
    if (this.#session !== undefined) {
      throw new DqliteError('MISUSE', {
        what: 'The connection',
        reason: 'a database is open on it already; use another connection',
      });
    }
    const frame = encodeRequest({ type: 'open', name: checkDatabaseName(database) });
    const deadline = new Deadline(options);
    await requestOne(this.#channel, 'database', frame, 'none', deadline);
    const session = new SqlSession(this.#channel, this.#schema, this.#preparedStatements);
    await session.warmUp(deadline);
    this.#session = session;
  }

  /** Runs one statement that yields no rows (any rows are dropped). */
  async exec(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: WaitOptions,
  ): Promise<ExecResult> {
    return this.session.exec(classify(sql), parameters, new Deadline(options));
  }

  /** Runs one statement and collects its rows. */
  async query(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: WaitOptions,
  ): Promise<QueryResult> {
    return this.session.query(classify(sql), parameters, new Deadline(options));
  }

  /** Runs one statement and yields its rows as they arrive; `deadlineMs` bounds each wait for more. */
  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options?: WaitOptions,
  ): AsyncGenerator<StreamedRow, void, undefined> {
    yield* this.session.stream(classify(sql), parameters, new Deadline(options));
  }

  /** @internal For the pool, which has classified the statement already. */
  get session(): SqlSession {
    if (this.#session === undefined) {
      throw new DqliteError('NOT_OPEN', { what: 'A database on this connection' });
    }
    return this.#session;
  }
}
