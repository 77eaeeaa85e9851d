/** An SQL engine that takes no new writes while the disk is nearly full; what has begun may end. */
import {
  classify,
  ForwardingConnection,
  ForwardingEngine,
  type SqlAcquireOptions,
  type SqlCallOptions,
  type SqlConnection,
  type SqlEngine,
  type SqlParameter,
  type SqlResult,
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

class GuardedEngine extends ForwardingEngine {
  constructor(
    inner: SqlEngine,
    private readonly gate: WriteGate,
  ) {
    super(inner);
  }

  override async run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    if (isWrite(sql)) this.gate.requireSpace();
    return super.run(sql, parameters, options);
  }

  override async acquire(options?: SqlAcquireOptions): Promise<SqlConnection> {
    if (options?.write === true) this.gate.requireSpace();
    return new GuardedConnection(await super.acquire(options), this.gate);
  }
}

class GuardedConnection extends ForwardingConnection {
  constructor(
    inner: SqlConnection,
    private readonly gate: WriteGate,
  ) {
    super(inner);
  }

  override async run(
    sql: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<SqlResult> {
    if (!this.inTransaction && isWrite(sql)) this.gate.requireSpace();
    return super.run(sql, parameters, options);
  }

  override async begin(mode: TransactionMode, options?: SqlCallOptions): Promise<void> {
    if (mode === 'immediate') this.gate.requireSpace();
    return super.begin(mode, options);
  }
}

/** Statements that add to the log; everything else, such as PRAGMA, passes. */
function isWrite(sql: string): boolean {
  const { kind, writes } = classify(sql);
  return kind === 'write' || kind === 'ddl' || (kind === 'begin' && writes);
}
