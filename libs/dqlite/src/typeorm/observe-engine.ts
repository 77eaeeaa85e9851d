/** Tells how long transactions take, for metrics: a wrapper around an engine that knows nothing of who listens. */
import { classify } from '../client/statement.js';
import type { SqlParameter } from '../values.js';
import type {
  SqlAcquireOptions,
  SqlCallOptions,
  SqlConnection,
  SqlEngine,
  SqlResult,
  SqlRow,
  TransactionMode,
} from './engine.js';
import { ForwardingConnection, ForwardingEngine } from './forwarding-engine.js';

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

class ObservedEngine extends ForwardingEngine {
  constructor(
    inner: SqlEngine,
    private readonly observe: TransactionObserver,
  ) {
    super(inner);
  }

  override run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    return timed(this.observe, sql, super.run(sql, parameters, options));
  }

  override async acquire(options?: SqlAcquireOptions): Promise<SqlConnection> {
    const startedAt = performance.now();
    return new ObservedConnection(await super.acquire(options), this.observe, startedAt);
  }
}

class ObservedConnection extends ForwardingConnection {
  /** When the transaction began that is open now. */
  private begunAt: number | undefined;

  /** @param askedAt when it was asked for; its first transaction has waited since then */
  constructor(
    inner: SqlConnection,
    private readonly observe: TransactionObserver,
    private askedAt: number | undefined,
  ) {
    super(inner);
  }

  override run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    const isAlone = !this.inTransaction;
    this.askedAt = undefined;
    const result = super.run(sql, parameters, options);
    return isAlone ? timed(this.observe, sql, result) : result;
  }

  override stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    this.askedAt = undefined;
    return super.stream(sql, parameters, options);
  }

  override async begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void> {
    const startedAt = this.askedAt ?? performance.now();
    this.askedAt = undefined;
    try {
      await super.begin(mode, options);
    } catch (error) {
      this.tell('failed', startedAt);
      throw error;
    }
    this.begunAt = startedAt;
  }

  override async commit(options?: SqlCallOptions): Promise<void> {
    try {
      await super.commit(options);
    } catch (error) {
      this.end('failed');
      throw error;
    }
    this.end('committed');
  }

  override async rollback(options?: SqlCallOptions): Promise<void> {
    try {
      await super.rollback(options);
    } finally {
      this.end('rolled-back');
    }
  }

  override async release(error?: Error): Promise<void> {
    try {
      await super.release(error);
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
