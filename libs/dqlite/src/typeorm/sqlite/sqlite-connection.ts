/** A connection of the embedded engine in the hands of one caller: transactions, and the write ticket while one writes. */
import { classify } from '../../client/statement.js';
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter } from '../../values.js';
import type {
  SqlCallOptions,
  SqlConnection,
  SqlResult,
  SqlRow,
  TransactionMode,
} from '../engine.js';
import type { FifoGate } from './fifo-gate.js';
import type { SqliteHandle } from './sqlite-handle.js';

/** What the engine gives along with a handle. */
export interface SqliteLease {
  readonly handle: SqliteHandle;
  /** The write ticket of the database. */
  readonly ticket: FifoGate;
  /** Whether the holder has the ticket for the whole lease. */
  readonly holdsTicket: boolean;
  /** Takes the handle back; `broken` when it must not be used again. */
  giveBack(broken: boolean): Promise<void>;
}

const NO_RESULT: SqlResult = { columns: [], rows: [], rowsAffected: 0, lastInsertId: 0 };

export class SqliteConnection implements SqlConnection {
  private state: 'idle' | 'open' | 'ended' = 'idle';
  private released = false;
  /** Whether settings or temporary tables were left on the connection. */
  private tainted = false;
  private leaveGate: (() => void) | undefined;

  constructor(private readonly lease: SqliteLease) {}

  get inTransaction(): boolean {
    return this.state !== 'idle';
  }

  async run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): Promise<SqlResult> {
    if (this.state !== 'ended' || classify(sql).kind !== 'rollback') this.refuseUnusable();
    const { kind, taints, writes, beginMode } = classify(sql);
    if (kind === 'begin')
      await this.begin(beginMode === 'deferred' ? beginMode : 'immediate', options);
    else if (kind === 'commit') await this.commit(options);
    else if (kind === 'rollback') await this.rollback();
    if (kind === 'begin' || kind === 'commit' || kind === 'rollback') return NO_RESULT;
    if (kind === 'savepoint' && this.state === 'idle') {
      throw new DqliteError('STATEMENT_REFUSED', {
        statement: 'A savepoint outside of a transaction',
        reason: 'begin a transaction first',
      });
    }
    if (taints) this.tainted = true;
    if (this.state === 'open') return this.runInTransaction(sql, parameters, options);
    const leave =
      this.lease.holdsTicket || !writes ? undefined : await this.lease.ticket.enter(options);
    try {
      return await this.lease.handle.run(sql, parameters, options);
    } finally {
      leave?.();
    }
  }

  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): AsyncGenerator<SqlRow, void, undefined> {
    this.refuseUnusable();
    yield* this.lease.handle.stream(sql, parameters, options);
  }

  async begin(mode: TransactionMode, options: SqlCallOptions = {}): Promise<void> {
    this.refuseUnusable();
    if (this.state === 'open') {
      throw new DqliteError('MISUSE', {
        what: 'BEGIN',
        reason: 'the connection is in a transaction already; nested ones are savepoints',
      });
    }
    if (mode === 'immediate' && !this.lease.holdsTicket) {
      this.leaveGate = await this.lease.ticket.enter(options);
    }
    try {
      await this.lease.handle.run(mode === 'immediate' ? 'BEGIN IMMEDIATE' : 'BEGIN', [], options);
      this.state = 'open';
    } catch (error) {
      this.leaveTicket();
      throw error;
    }
  }

  async commit(options: SqlCallOptions = {}): Promise<void> {
    this.refuseUnusable();
    if (this.state === 'idle') {
      throw new DqliteError('MISUSE', { what: 'COMMIT', reason: 'no transaction is open' });
    }
    try {
      await this.lease.handle.run('COMMIT', [], options);
    } catch (error) {
      await this.noticeEnd();
      throw error;
    }
    this.state = 'idle';
    this.leaveTicket();
  }

  /** Not cancellable: an open transaction holds the ticket. */
  async rollback(): Promise<void> {
    if (this.released || this.state === 'idle') return;
    try {
      if (this.state === 'open') await this.lease.handle.run('ROLLBACK');
    } finally {
      this.state = 'idle';
      this.leaveTicket();
    }
  }

  async release(error?: Error): Promise<void> {
    if (this.released) return;
    let broken = error !== undefined || this.tainted;
    try {
      await this.rollback();
    } catch {
      broken = true;
    } finally {
      this.released = true;
      await this.lease.giveBack(broken);
    }
  }

  private async runInTransaction(
    sql: string,
    parameters: readonly SqlParameter[],
    options: SqlCallOptions,
  ): Promise<SqlResult> {
    try {
      return await this.lease.handle.run(sql, parameters, options);
    } catch (error) {
      await this.noticeEnd();
      throw error;
    }
  }

  /**
   * Some errors (an interrupted write, a full disk, `OR ROLLBACK`) end the transaction. What follows must
   * then fail instead of being committed one by one. sqlite3 cannot be asked, but a second BEGIN can be tried.
   */
  private async noticeEnd(): Promise<void> {
    try {
      await this.lease.handle.run('BEGIN');
    } catch {
      return;
    }
    this.state = 'ended';
    await this.lease.handle.run('ROLLBACK');
  }

  private leaveTicket(): void {
    this.leaveGate?.();
    this.leaveGate = undefined;
  }

  private refuseUnusable(): void {
    if (this.released) throw new DqliteError('CLOSED', { what: 'The connection' });
    if (this.state === 'ended') {
      throw new DqliteError('TRANSACTION_ENDED', { address: 'the embedded database' });
    }
  }
}
