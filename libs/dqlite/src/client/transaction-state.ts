/** What the client knows about the transaction on a connection; no I/O. */
import type { Effect } from './server-failure.js';
import type { Statement } from './statement.js';

/** `ended`: an error took the transaction away, and only a ROLLBACK makes the connection usable again. */
export type TransactionStatus = 'none' | 'open' | 'ended';

export class TransactionState {
  #status: TransactionStatus = 'none';
  #current: symbol | undefined;
  /** Whether BEGIN opened it; otherwise the outermost savepoint did and its release commits. */
  #begun = false;
  #wrote = false;
  #savepoints: string[] = [];

  get status(): TransactionStatus {
    return this.#status;
  }

  /** Tells the transaction from all others, of any connection, until it is committed or rolled back; undefined when there is none. */
  get current(): symbol | undefined {
    return this.#current;
  }

  /** What would be lost with the answer to `statement`. */
  effectOf(statement: Statement): Effect {
    if (this.#status !== 'open') {
      return statement.writes && statement.kind !== 'begin' && statement.kind !== 'commit'
        ? 'durable'
        : 'none';
    }
    return this.#wrote && this.#commits(statement) ? 'durable' : 'transaction';
  }

  /** Records that `statement` is sent: a write may have happened even if no answer comes. */
  sending(statement: Statement): void {
    if (statement.writes && statement.kind !== 'commit') this.#wrote = true;
  }

  /** Records the success of `statement`. */
  succeeded(statement: Statement): void {
    switch (statement.kind) {
      case 'begin':
        this.#open(true);
        return;
      case 'commit':
      case 'rollback':
        this.#reset('none');
        return;
      case 'savepoint':
        this.#applySavepoint(statement);
        return;
      default:
        if (this.#status === 'none') this.#wrote = false;
    }
  }

  /** Records that an error ended the transaction. */
  endedByError(): void {
    this.#reset('ended');
  }

  /** Whether success of `statement` would commit the open transaction. */
  #commits(statement: Statement): boolean {
    if (statement.kind === 'commit') return true;
    const { savepoint } = statement;
    if (savepoint?.action !== 'release' || this.#begun) return false;
    return this.#savepoints.lastIndexOf(savepoint.name) === 0;
  }

  #applySavepoint({ savepoint }: Statement): void {
    if (savepoint === undefined) return;
    const { action, name } = savepoint;
    if (action === 'open') {
      if (this.#status === 'none') this.#open(false);
      this.#savepoints.push(name);
      return;
    }
    const at = this.#savepoints.lastIndexOf(name);
    if (at === -1) return;
    this.#savepoints.length = action === 'release' ? at : at + 1;
    if (this.#savepoints.length === 0 && !this.#begun) this.#reset('none');
  }

  #open(begun: boolean): void {
    this.#status = 'open';
    this.#current = Symbol('transaction');
    this.#begun = begun;
    this.#wrote = false;
  }

  #reset(status: 'none' | 'ended'): void {
    this.#status = status;
    if (status === 'none') this.#current = undefined;
    this.#begun = false;
    this.#wrote = false;
    this.#savepoints = [];
  }
}
