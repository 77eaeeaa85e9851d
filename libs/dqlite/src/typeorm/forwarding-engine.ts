/** An SQL engine that is another one: whoever wraps an engine extends it, and overrides what the wrapper is about. */
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

/** Passes every call on to `inner`. */
export class ForwardingEngine implements SqlEngine {
  constructor(protected readonly inner: SqlEngine) {}

  get name(): SqlEngine['name'] {
    return this.inner.name;
  }

  get isOpen(): boolean {
    return this.inner.isOpen;
  }

  get stats(): SqlEngineStats {
    return this.inner.stats;
  }

  get deadlineMs(): number {
    return this.inner.deadlineMs;
  }

  open(options?: SqlCallOptions): Promise<void> {
    return this.inner.open(options);
  }

  run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    return this.inner.run(sql, parameters, options);
  }

  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return this.inner.stream(sql, parameters, options);
  }

  acquire(options?: SqlAcquireOptions): Promise<SqlConnection> {
    return this.inner.acquire(options);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** Passes every call on to `inner`. */
export class ForwardingConnection implements SqlConnection {
  constructor(protected readonly inner: SqlConnection) {}

  get inTransaction(): boolean {
    return this.inner.inTransaction;
  }

  run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    return this.inner.run(sql, parameters, options);
  }

  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return this.inner.stream(sql, parameters, options);
  }

  begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void> {
    return this.inner.begin(mode, options);
  }

  commit(options?: SqlCallOptions): Promise<void> {
    return this.inner.commit(options);
  }

  rollback(options?: SqlCallOptions): Promise<void> {
    return this.inner.rollback(options);
  }

  release(error?: Error): Promise<void> {
    return this.inner.release(error);
  }
}
