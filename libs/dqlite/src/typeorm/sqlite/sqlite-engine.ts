/** The embedded engine: one SQLite file, through the npm package sqlite3, for a single process. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEFAULT_DEADLINE_MS } from '../../client/deadline.js';
import { classify } from '../../client/statement.js';
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter } from '../../values.js';
import type {
  SqlAcquireOptions,
  SqlCallOptions,
  SqlEngine,
  SqlEngineStats,
  SqlResult,
  SqlRow,
} from '../engine.js';
import { loadSqlite3, type Sqlite3Binding } from './binding.js';
import { FifoGate } from './fifo-gate.js';
import { SqliteConnection } from './sqlite-connection.js';
import { SqliteHandle } from './sqlite-handle.js';

export interface SqliteEngineOptions {
  /** Path of the database file; created with its folder when missing. `:memory:` is a temporary file, deleted on close. */
  readonly file: string;
  /** Connections for readers and for those that keep one; writers have one more. Default 4. */
  readonly poolSize?: number;
  /** Milliseconds for a call that names no deadline. Default 20,000. */
  readonly deadlineMs?: number;
}

/** Everything that exists while the database is open. */
interface OpenDatabase {
  readonly binding: Sqlite3Binding;
  readonly file: string;
  readonly temporary: string | undefined;
  readonly slots: FifoGate;
  readonly ticket: FifoGate;
  readonly idle: SqliteHandle[];
  readonly inUse: Set<SqliteHandle>;
  /** Connections that are being opened. */
  readonly opening: Set<Promise<SqliteHandle>>;
  isClosed: boolean;
  /** The connection of whoever holds the ticket; not one of the pool's, so that a full pool never blocks a writer. */
  writer: SqliteHandle | undefined;
}

export class SqliteEngine implements SqlEngine {
  readonly name = 'sqlite';
  private readonly file: string;
  private readonly poolSize: number;
  readonly deadlineMs: number;
  private opening: Promise<OpenDatabase> | undefined;
  private database: OpenDatabase | undefined;

  constructor({ file, poolSize = 4, deadlineMs = DEFAULT_DEADLINE_MS }: SqliteEngineOptions) {
    this.file = file;
    this.poolSize = poolSize;
    this.deadlineMs = deadlineMs;
  }

  get isOpen(): boolean {
    return this.database !== undefined;
  }

  /** One process writes to the file, so that nothing is ever busy or has to be repeated. */
  get stats(): SqlEngineStats {
    const { database } = this;
    return {
      poolSize: this.poolSize,
      idleConnections: database?.idle.length ?? 0,
      usedConnections: database?.inUse.size ?? 0,
      waitingForConnection: database?.slots.waiting ?? 0,
      waitingWriters: database?.ticket.waiting ?? 0,
      retries: 0,
      busy: 0,
      unknownOutcomes: 0,
    };
  }

  async open(): Promise<void> {
    this.opening ??= this.openDatabase();
    try {
      this.database = await this.opening;
    } catch (error) {
      this.opening = undefined;
      throw error;
    }
  }

  async run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): Promise<SqlResult> {
    const connection = await this.acquire({ ...options, write: classify(sql).writes });
    try {
      return await connection.run(sql, parameters, options);
    } finally {
      await connection.release();
    }
  }

  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): AsyncGenerator<SqlRow, void, undefined> {
    const connection = await this.acquire(options);
    try {
      yield* connection.stream(sql, parameters, options);
    } finally {
      await connection.release();
    }
  }

  async acquire(options: SqlAcquireOptions = {}): Promise<SqliteConnection> {
    const database = this.opened();
    return options.write
      ? this.leaseWriter(database, options)
      : this.leaseReader(database, options);
  }

  async close(): Promise<void> {
    const database = this.database;
    this.database = undefined;
    this.opening = undefined;
    if (!database) return;
    database.isClosed = true;
    database.slots.close();
    database.ticket.close();
    const { writer } = database;
    const handles = new Set([...database.idle, ...database.inUse, ...(writer ? [writer] : [])]);
    // An idle one is not interrupted, or it could not move its write-ahead log into the database.
    await Promise.all(
      [...handles].map((handle) => (database.inUse.has(handle) ? handle.abort() : handle.close())),
    );
    // Those see that it is closed, and close again.
    await Promise.allSettled(database.opening);
    if (database.temporary) await rm(database.temporary, { recursive: true, force: true });
  }

  private async leaseReader(
    database: OpenDatabase,
    options: SqlAcquireOptions,
  ): Promise<SqliteConnection> {
    const leave = await database.slots.enter(options);
    try {
      const handle = database.idle.pop() ?? (await this.openHandle(database));
      database.inUse.add(handle);
      return new SqliteConnection({
        handle,
        ticket: database.ticket,
        holdsTicket: false,
        giveBack: async (broken) => {
          database.inUse.delete(handle);
          if (broken) await handle.close();
          else database.idle.push(handle);
          leave();
        },
      });
    } catch (error) {
      leave();
      throw error;
    }
  }

  private async leaseWriter(
    database: OpenDatabase,
    options: SqlAcquireOptions,
  ): Promise<SqliteConnection> {
    const leave = await database.ticket.enter(options);
    try {
      const handle = (database.writer ??= await this.openHandle(database));
      database.inUse.add(handle);
      return new SqliteConnection({
        handle,
        ticket: database.ticket,
        holdsTicket: true,
        giveBack: async (broken) => {
          database.inUse.delete(handle);
          if (broken) {
            database.writer = undefined;
            await handle.close();
          }
          leave();
        },
      });
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** @throws DqliteError `ABORTED` when the database was closed in the meantime */
  private async openHandle(database: OpenDatabase): Promise<SqliteHandle> {
    const opening = SqliteHandle.open(database.binding, database.file, this.deadlineMs).then(
      async (handle) => {
        if (!database.isClosed) return handle;
        await handle.close();
        throw new DqliteError('ABORTED', { what: 'A statement' });
      },
    );
    database.opening.add(opening);
    try {
      return await opening;
    } finally {
      database.opening.delete(opening);
    }
  }

  private async openDatabase(): Promise<OpenDatabase> {
    const binding = await loadSqlite3();
    const temporary =
      this.file === ':memory:' ? await mkdtemp(join(tmpdir(), 'microcluster-sqlite-')) : undefined;
    const file = temporary ? join(temporary, 'database.sqlite') : this.file;
    const database: OpenDatabase = {
      binding,
      file,
      temporary,
      slots: new FifoGate('Waiting for a database connection', this.poolSize, this.deadlineMs),
      ticket: new FifoGate('Waiting for other writers', 1, this.deadlineMs),
      idle: [],
      inUse: new Set(),
      opening: new Set(),
      isClosed: false,
      writer: undefined,
    };
    try {
      await mkdir(dirname(file), { recursive: true });
      database.writer = await this.openHandle(database);
    } catch (error) {
      if (temporary) await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    return database;
  }

  private opened(): OpenDatabase {
    if (!this.database) throw new DqliteError('NOT_OPEN', { what: 'The database' });
    return this.database;
  }
}
