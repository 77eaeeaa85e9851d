/** Keeps connections to the leader, with the database open, for those who need one for a while. */
import { DqliteError } from '../errors/index.js';
import type { DqliteConnection } from './connection.js';
import type { Deadline } from './deadline.js';
import { FifoLock } from './fifo-lock.js';
import type { LeaderConnector } from './leader-connector.js';
import { LeaderWatch } from './leader-watch.js';

/** A connection in somebody's hands. */
export interface PooledConnection {
  readonly connection: DqliteConnection;
  /** Gives it back; kept for the next one if it is fit for that, otherwise closed. Idempotent. */
  release(): void;
}

export interface LeaderPoolOptions {
  readonly connector: LeaderConnector;
  readonly database: string;
  /** Connections in use at the same time, besides one kept for the writer at the head of the queue. */
  readonly size: number;
  /** Silence, milliseconds, after which a leader is suspected to have lost its place. Default 1000. */
  readonly silenceMs?: number | undefined;
  /** Told of a node that was found silent while another one leads. */
  readonly onAbandoned: (address: string) => void;
}

export class LeaderPool {
  readonly #connector: LeaderConnector;
  readonly #database: string;
  readonly #places: FifoLock;
  /** Last one back is the first one out: its statements are prepared and its buffers warm. */
  readonly #idle: DqliteConnection[] = [];
  readonly #inUse = new Set<DqliteConnection>();
  /** Connected, and not ready for their users yet. */
  readonly #opening = new Set<DqliteConnection>();
  readonly #watch: LeaderWatch;
  readonly #onAbandoned: (address: string) => void;
  #closed: DqliteError | undefined;
  #onDrained: (() => void) | undefined;

  constructor({ connector, database, size, silenceMs, onAbandoned }: LeaderPoolOptions) {
    this.#connector = connector;
    this.#database = database;
    this.#places = new FifoLock('Waiting for a free connection to the database', size);
    this.#onAbandoned = onAbandoned;
    this.#watch = new LeaderWatch({
      connector,
      silenceMs,
      connections: () => [...this.#inUse, ...this.#opening],
      onMoved: (leader, silent) => this.#abandon(leader, silent),
    });
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
    this.#watch.close();
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
    this.#opening.add(connection);
    this.#watch.wake();
    try {
      if (this.#closed !== undefined) throw this.#closed;
      await connection.open(this.#database, wait);
      if (this.#closed !== undefined) throw this.#closed;
    } catch (error) {
      connection.close();
      this.#connector.forget(connection.address);
      throw error;
    } finally {
      this.#opening.delete(connection);
    }
    connection.onClose(() => {
      const at = this.#idle.indexOf(connection);
      if (at !== -1) this.#idle.splice(at, 1);
    });
    return connection;
  }

  /** Those who wait for a node that stands still learn it now instead of at their deadlines. */
  #abandon(leader: string, silent: readonly DqliteConnection[]): void {
    this.#closeIdle(({ address }) => address !== leader);
    for (const connection of silent) {
      connection.abandon(new Error(`it did not answer, and ${leader} leads by now`));
    }
    for (const address of new Set(silent.map((one) => one.address))) this.#onAbandoned(address);
  }

  #lend(connection: DqliteConnection, hasPlace: boolean): PooledConnection {
    this.#inUse.add(connection);
    this.#watch.wake();
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
