/** Keeps connections to the leader, with the database open, for those who need one for a while. */
import { DqliteError } from '../errors/index.js';
import type { DqliteConnection } from './connection.js';
import type { Deadline } from './deadline.js';
import { FifoLock } from './fifo-lock.js';
import type { LeaderConnector } from './leader-connector.js';

/** A connection in somebody's hands. */
export interface PooledConnection {
  readonly connection: DqliteConnection;
  /** Gives it back; kept for the next one if it is fit for that, otherwise closed. Idempotent. */
  release(): void;
}

export class LeaderPool {
  readonly #connector: LeaderConnector;
  readonly #database: string;
  readonly #places: FifoLock;
  /** Last one back is the first one out: its statements are prepared and its buffers warm. */
  readonly #idle: DqliteConnection[] = [];
  readonly #inUse = new Set<DqliteConnection>();
  #closed: DqliteError | undefined;
  #onDrained: (() => void) | undefined;

  /** @param size connections in use at the same time, besides one kept for the writer at the head of the queue */
  constructor(connector: LeaderConnector, database: string, size: number) {
    this.#connector = connector;
    this.#database = database;
    this.#places = new FifoLock('Waiting for a free connection to the database', size);
  }

  get idle(): number {
    return this.#idle.length;
  }

  get inUse(): number {
    return this.#inUse.size;
  }

  get waiting(): number {
    return this.#places.waiting;
  }

  /**
   * An idle connection, or a new one to the leader.
   *
   * @param reserved for the holder of the write ticket: never waits for others, who may be waiting for the ticket
   */
  acquire(deadline: Deadline, reserved: boolean): Promise<PooledConnection> {
    return new Promise((resolve, reject) => this.request(deadline, reserved, resolve, reject));
  }

  /** As {@link acquire}; `got` is called at once when a connection is idle, or as soon as one comes back. */
  request(
    deadline: Deadline,
    reserved: boolean,
    got: (connection: PooledConnection) => void,
    refused: (error: unknown) => void,
  ): void {
    if (this.#closed !== undefined) return refused(this.#closed);
    const proceed = (hasPlace: boolean): void => {
      const idle = this.#takeIdle();
      if (idle !== undefined) return got(this.#lend(idle, hasPlace));
      this.#connect(deadline).then(
        (connection) => got(this.#lend(connection, hasPlace)),
        (error: unknown) => {
          if (hasPlace) this.#places.release();
          refused(error);
        },
      );
    };
    if (reserved) proceed(this.#places.tryAcquire());
    else this.#places.request(deadline, () => proceed(true), refused);
  }

  /** Closes the idle connections to a node that does not lead any more. */
  evict(address: string): void {
    this.#connector.forget(address);
    this.#closeIdle((connection) => connection.address === address);
  }

  /** Closes the idle connections, and those in use when they come back or at the end of {@link drain}. */
  close(error: DqliteError): void {
    this.#closed = error;
    this.#places.close(error);
    this.#closeIdle(() => true);
  }

  /** Waits until nobody uses a connection, but not beyond `graceMs`; then closes them under the hands of their users. */
  async drain(graceMs: number): Promise<void> {
    if (this.#inUse.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onDrained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const connection of this.#inUse) connection.close();
  }

  /** Closing takes a connection out of the list, so a copy is walked. */
  #closeIdle(matches: (connection: DqliteConnection) => boolean): void {
    for (const connection of this.#idle.filter(matches)) connection.close();
  }

  #takeIdle(): DqliteConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.isReusable) return connection;
      connection.close();
    }
  }

  async #connect(deadline: Deadline): Promise<DqliteConnection> {
    const wait = { signal: deadline.signal, deadlineMs: deadline.remainingMs };
    const connection = await this.#connector.connect(wait);
    try {
      if (this.#closed !== undefined) throw this.#closed;
      await connection.open(this.#database, wait);
      if (this.#closed !== undefined) throw this.#closed;
    } catch (error) {
      connection.close();
      this.#connector.forget(connection.address);
      throw error;
    }
    connection.onClose(() => {
      const at = this.#idle.indexOf(connection);
      if (at !== -1) this.#idle.splice(at, 1);
    });
    return connection;
  }

  #lend(connection: DqliteConnection, hasPlace: boolean): PooledConnection {
    this.#inUse.add(connection);
    return { connection, release: () => this.#release(connection, hasPlace) };
  }

  #release(connection: DqliteConnection, hasPlace: boolean): void {
    if (!this.#inUse.delete(connection)) return;
    if (this.#closed === undefined && connection.isReusable) this.#idle.push(connection);
    else connection.close();
    if (hasPlace) this.#places.release();
    if (this.#inUse.size === 0) this.#onDrained?.();
  }
}
