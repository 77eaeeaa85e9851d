/** A connection of the embedded engine in the hands of one caller: transactions, and the write ticket while one writes. */
import { classify, type Statement } from '../../client/statement.js';
import { DqliteError } from '../../errors/index.js';
import type { SqlParameter } from '../../values.js';
import type {
  SqlCallOptions,
  SqlConnection,
  SqlResult,
  SqlRow,
  TransactionMode,
} from '../engine.js';
import { FifoGate } from './fifo-gate.js';
import { isOutsideTransaction, isWithinTransaction } from './sqlite-errors.js';
import type { SqliteHandle } from './sqlite-handle.js';
import { timeLeft } from './time-left.js';

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
/**
 * A rollback waits for the statements given before it, each of which has a deadline. Milliseconds, more than the
 * longest that the library sets itself: the 10 minutes of a migration.
 */
const ROLLBACK_WAIT_MS = 900_000;

export class SqliteConnection implements SqlConnection {
  private state: 'idle' | 'open' | 'ended' = 'idle';
  private released = false;
  private releasing: Promise<void> | undefined;
  /** Whether settings, temporary tables or an unknown state were left on the connection. */
  private tainted = false;
  private leaveGate: (() => void) | undefined;
  /** One statement, with what belongs to it, or one row of a stream at a time. */
  private readonly turn: FifoGate;
  /** How many transactions were rolled back: what was given before one of these must not run after it. */
  private rollbacks = 0;
  /** Those that were not read to their end. */
  private readonly streams = new Set<AsyncGenerator<SqlRow, void, undefined>>();

  constructor(private readonly lease: SqliteLease) {
    this.turn = new FifoGate('A statement', 1, lease.handle.deadlineMs);
  }

  get inTransaction(): boolean {
    return this.state !== 'idle';
  }

  async run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): Promise<SqlResult> {
    const statement = classify(sql);
    const { kind, beginMode } = statement;
    if (this.state !== 'ended' || kind !== 'rollback') this.refuseUnusable();
    if (kind === 'begin')
      await this.begin(beginMode === 'deferred' ? beginMode : 'immediate', options);
    else if (kind === 'commit') await this.commit(options);
    else if (kind === 'rollback') await this.rollback();
    else {
      return this.inTransactionsTurn(options, (left) =>
        this.runNow(statement, sql, parameters, left),
      );
    }
    return NO_RESULT;
  }

  /** Between two rows, other statements may have the connection, also those of the loop that reads. */
  async *stream(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): AsyncGenerator<SqlRow, void, undefined> {
    const { rollbacks } = this;
    const rows = this.lease.handle.stream(sql, parameters, options);
    const step = (): Promise<IteratorResult<SqlRow, void>> => this.noticingEnd(() => rows.next());
    this.streams.add(rows);
    try {
      for (;;) {
        const next = await this.inTransactionsTurn(options, step, rollbacks);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      this.streams.delete(rows);
      await rows.return();
    }
  }

  async begin(mode: TransactionMode, options: SqlCallOptions = {}): Promise<void> {
    await this.inTurn(options, (left) => this.beginNow(mode, left));
  }

  async commit(options: SqlCallOptions = {}): Promise<void> {
    await this.inTransactionsTurn(options, (left) => this.commitNow(left));
  }

  /** Not cancellable: an open transaction holds the ticket. */
  async rollback(): Promise<void> {
    if (this.released) return;
    await this.inTurn({ deadlineMs: ROLLBACK_WAIT_MS }, () => this.rollbackNow());
  }

  /** Behind what was given before; what is given later is refused. */
  release(error?: Error): Promise<void> {
    this.releasing ??= this.retire(error !== undefined);
    return this.releasing;
  }

  private async retire(failed: boolean): Promise<void> {
    let broken = failed;
    try {
      await this.inTurn({ deadlineMs: ROLLBACK_WAIT_MS }, async () => {
        this.released = true;
        await this.endStreams();
        await this.rollbackNow();
      });
    } catch {
      broken = true;
    } finally {
      this.released = true;
      try {
        await this.lease.giveBack(broken || this.tainted);
      } finally {
        this.leaveTicket();
      }
    }
  }

  /** Runs what belongs together while no other statement can come in between. */
  private async inTurn<T>(
    options: SqlCallOptions,
    use: (left: SqlCallOptions) => Promise<T>,
  ): Promise<T> {
    return this.inside(this.turn, options, use);
  }

  /**
   * As {@link inTurn}, for what must not run once the transaction in which it was given was rolled back.
   *
   * @param rollbacks how many there had been when it was given
   */
  private async inTransactionsTurn<T>(
    options: SqlCallOptions,
    use: (left: SqlCallOptions) => Promise<T>,
    rollbacks = this.rollbacks,
  ): Promise<T> {
    this.refuseUnusable();
    return this.inTurn(options, async (left) => {
      this.refuseUnusable();
      if (this.rollbacks !== rollbacks) throw transactionEnded();
      return use(left);
    });
  }

  /** Waits at a gate; what happens behind it has the time that is left. */
  private async inside<T>(
    gate: FifoGate,
    options: SqlCallOptions,
    use: (left: SqlCallOptions) => Promise<T>,
  ): Promise<T> {
    const askedAt = performance.now();
    const { deadlineMs = this.lease.handle.deadlineMs } = options;
    const leave = await gate.enter(options);
    try {
      return await use(timeLeft(askedAt, { ...options, deadlineMs }));
    } finally {
      leave();
    }
  }

  private async runNow(
    { kind, taints, writes }: Statement,
    sql: string,
    parameters: readonly SqlParameter[],
    options: SqlCallOptions,
  ): Promise<SqlResult> {
    if (kind === 'savepoint' && this.state === 'idle') {
      throw new DqliteError('STATEMENT_REFUSED', {
        statement: 'A savepoint outside of a transaction',
        reason: 'begin a transaction first',
      });
    }
    if (taints) this.tainted = true;
    const run = (left: SqlCallOptions): Promise<SqlResult> =>
      this.lease.handle.run(sql, parameters, left);
    if (this.state === 'open') return this.noticingEnd(() => run(options));
    if (this.lease.holdsTicket || !writes) return run(options);
    return this.inside(this.lease.ticket, options, run);
  }

  private async beginNow(mode: TransactionMode, options: SqlCallOptions): Promise<void> {
    this.refuseUnusable();
    if (this.state === 'open') {
      throw new DqliteError('MISUSE', {
        what: 'BEGIN',
        reason: 'the connection is in a transaction already; nested ones are savepoints',
      });
    }
    const askedAt = performance.now();
    if (mode === 'immediate' && !this.lease.holdsTicket) {
      this.leaveGate = await this.lease.ticket.enter(options);
    }
    try {
      const left = timeLeft(askedAt, options);
      await this.lease.handle.run(mode === 'immediate' ? 'BEGIN IMMEDIATE' : 'BEGIN', [], left);
      this.state = 'open';
    } catch (error) {
      this.leaveTicket();
      throw error;
    }
  }

  private async commitNow(options: SqlCallOptions): Promise<void> {
    if (this.state === 'idle') {
      throw new DqliteError('MISUSE', { what: 'COMMIT', reason: 'no transaction is open' });
    }
    await this.noticingEnd(() => this.lease.handle.run('COMMIT', [], options));
    this.state = 'idle';
    this.leaveTicket();
  }

  /** When it fails, the transaction may still be open: the connection keeps the ticket, and is not used again. */
  private async rollbackNow(): Promise<void> {
    if (this.state === 'idle') return;
    this.rollbacks += 1;
    await this.endStreams();
    try {
      await this.lease.handle.run('ROLLBACK');
    } catch (error) {
      if (!isOutsideTransaction(error)) {
        this.state = 'ended';
        this.tainted = true;
        throw error;
      }
    }
    this.state = 'idle';
    this.leaveTicket();
  }

  /** An interrupt would last while one of them is open, and stop the rollback as well. */
  private async endStreams(): Promise<void> {
    await Promise.all([...this.streams].map((rows) => rows.return()));
  }

  private async noticingEnd<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      if (this.state === 'open' && !(await this.isStillOpen())) this.state = 'ended';
      throw error;
    }
  }

  /**
   * Some errors (an interrupted write, a full disk, `OR ROLLBACK`) end the transaction. What follows must
   * then fail instead of being committed one by one. sqlite3 cannot be asked, but a second BEGIN can be tried.
   * When that fails for another reason (an interrupt lasts while a stream is open), nobody knows: then it has ended.
   */
  private async isStillOpen(): Promise<boolean> {
    try {
      await this.lease.handle.run('BEGIN');
    } catch (error) {
      return isWithinTransaction(error);
    }
    // The rollback that the caller owes undoes this one as well, should it fail here.
    await this.lease.handle.run('ROLLBACK').catch(() => undefined);
    return false;
  }

  private leaveTicket(): void {
    this.leaveGate?.();
    this.leaveGate = undefined;
  }

  private refuseUnusable(): void {
    if (this.released) throw new DqliteError('CLOSED', { what: 'The connection' });
    if (this.state === 'ended') throw transactionEnded();
  }
}

function transactionEnded(): DqliteError {
  return new DqliteError('TRANSACTION_ENDED', { address: 'the embedded database' });
}
