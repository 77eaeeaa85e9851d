/** An SQL engine that takes no new writes while the disk is nearly full; what has begun may end. */
import {
  classify,
  type SqlAcquireOptions,
  type SqlCallOptions,
  type SqlConnection,
  type SqlEngine,
  type SqlParameter,
  type SqlResult,
  type SqlRow,
  type TransactionMode,
} from '@microcluster/dqlite';

/** What is asked before each write. */
export interface WriteGate {
  /** @throws when nothing may be written now */
  requireSpace(): void;
}

/** `engine`, with `gate` in front of what writes. */
export function guardedEngine(engine: SqlEngine, gate: WriteGate): SqlEngine {
  return new GuardedEngine(engine, gate);
}

class GuardedEngine implements SqlEngine {
  constructor(
    private readonly engine: SqlEngine,
    private readonly gate: WriteGate,
  ) {}

  get name(): SqlEngine['name'] {
    return this.engine.name;
  }

  get isOpen(): boolean {
    return this.engine.isOpen;
  }

  get stats(): SqlEngine['stats'] {
    return this.engine.stats;
  }

  open(signal?: AbortSignal): Promise<void> {
    return this.engine.open(signal);
  }

  async run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    if (isWrite(sql)) this.gate.requireSpace();
    return this.engine.run(sql, parameters, options);
  }

  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return this.engine.stream(sql, parameters, options);
  }

  async acquire(options?: SqlAcquireOptions): Promise<SqlConnection> {
    if (options?.write === true) this.gate.requireSpace();
    return new GuardedConnection(await this.engine.acquire(options), this.gate);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

class GuardedConnection implements SqlConnection {
  constructor(
    private readonly connection: SqlConnection,
    private readonly gate: WriteGate,
  ) {}

  get inTransaction(): boolean {
    return this.connection.inTransaction;
  }

  async run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    if (!this.inTransaction && isWrite(sql)) this.gate.requireSpace();
    return this.connection.run(sql, parameters, options);
  }

  stream(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): AsyncIterable<SqlRow> {
    return this.connection.stream(sql, parameters, options);
  }

  async begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void> {
    if (mode === 'immediate') this.gate.requireSpace();
    return this.connection.begin(mode, options);
  }

  commit(options?: SqlCallOptions): Promise<void> {
    return this.connection.commit(options);
  }

  rollback(options?: SqlCallOptions): Promise<void> {
    return this.connection.rollback(options);
  }

  release(error?: Error): Promise<void> {
    return this.connection.release(error);
  }
}

/** Statements that add to the log; everything else, such as PRAGMA, passes. */
function isWrite(sql: string): boolean {
  const { kind, writes } = classify(sql);
  return kind === 'write' || kind === 'ddl' || (kind === 'begin' && writes);
}
