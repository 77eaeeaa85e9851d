/** Tells how long transactions take, for metrics: a wrapper around an engine that knows nothing of who listens. */
import { classify } from '../client/statement.js';
import type { SqlParameter } from '../values.js';
import type {
  SqlAcquireOptions,
  SqlCallOptions,
  SqlConnection,
  SqlEngine,
  SqlEngineStats,
  SqlResult,
  SqlRow,
  TransactionMode,
} from './engine.js';

/** One transaction that is over. */
export interface ObservedTransaction {
  /** A single statement that reads or writes, or a transaction of several. */
  readonly kind: 'read' | 'write' | 'transaction';
  /** `failed`: by an error of BEGIN, COMMIT or the single statement. */
  readonly outcome: 'committed' | 'rolled-back' | 'failed';
  /** Milliseconds, waiting for a connection, for other writers, and repetitions included. */
  readonly durationMs: number;
}

/** Called in the middle of things: must be quick, and must not throw. */
export type TransactionObserver = (transaction: ObservedTransaction) => void;

/** The same engine, with `observe` told of every transaction but streamed ones, whose readers set the pace. */
export function observeEngine(engine: SqlEngine, observe: TransactionObserver): SqlEngine {
  return new ObservedEngine(engine, observe);
}

class ObservedEngine implements SqlEngine {
  constructor(
    private readonly engine: SqlEngine,
    private readonly observe: TransactionObserver,
  ) {}

  get name(): SqlEngine['name'] {
    return this.engine.name;
  }

  get isOpen(): boolean {
    return this.engine.isOpen;
  }

  get stats(): SqlEngineStats {
    return this.engine.stats;
  }

  open(signal?: AbortSignal): Promise<void> {
    return this.engine.open(signal);
  }

  run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    return timed(this.observe, sql, this.engine.run(sql, parameters, options));
  }

  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return this.engine.stream(sql, parameters, options);
  }

  async acquire(options?: SqlAcquireOptions): Promise<SqlConnection> {
    const startedAt = performance.now();
    return new ObservedConnection(await this.engine.acquire(options), this.observe, startedAt);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

class ObservedConnection implements SqlConnection {
  /** When the transaction began that is open now. */
  private begunAt: number | undefined;

  /** @param askedAt when it was asked for; its first transaction has waited since then */
  constructor(
    private readonly connection: SqlConnection,
    private readonly observe: TransactionObserver,
    private askedAt: number | undefined,
  ) {}

  get inTransaction(): boolean {
    return this.connection.inTransaction;
  }

  run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    const isAlone = !this.connection.inTransaction;
    this.askedAt = undefined;
    const result = this.connection.run(sql, parameters, options);
    return isAlone ? timed(this.observe, sql, result) : result;
  }

  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    this.askedAt = undefined;
    return this.connection.stream(sql, parameters, options);
  }

  async begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void> {
    const startedAt = this.askedAt ?? performance.now();
    this.askedAt = undefined;
    try {
      await this.connection.begin(mode, options);
    } catch (error) {
      this.tell('failed', startedAt);
      throw error;
    }
    this.begunAt = startedAt;
  }

  async commit(options?: SqlCallOptions): Promise<void> {
    try {
      await this.connection.commit(options);
    } catch (error) {
      this.end('failed');
      throw error;
    }
    this.end('committed');
  }

  async rollback(options?: SqlCallOptions): Promise<void> {
    try {
      await this.connection.rollback(options);
    } finally {
      this.end('rolled-back');
    }
  }

  async release(error?: Error): Promise<void> {
    try {
      await this.connection.release(error);
    } finally {
      this.end('rolled-back');
    }
  }

  private end(outcome: ObservedTransaction['outcome']): void {
    if (this.begunAt === undefined) return;
    this.tell(outcome, this.begunAt);
    this.begunAt = undefined;
  }

  private tell(outcome: ObservedTransaction['outcome'], since: number): void {
    this.observe({ kind: 'transaction', outcome, durationMs: performance.now() - since });
  }
}

async function timed(
  observe: TransactionObserver,
  sql: string,
  running: Promise<SqlResult>,
): Promise<SqlResult> {
  const startedAt = performance.now();
  const tell = (outcome: 'committed' | 'failed'): void => {
    const kind = classify(sql).writes ? 'write' : 'read';
    observe({ kind, outcome, durationMs: performance.now() - startedAt });
  };
  try {
    const result = await running;
    tell('committed');
    return result;
  } catch (error) {
    tell('failed');
    throw error;
  }
}
