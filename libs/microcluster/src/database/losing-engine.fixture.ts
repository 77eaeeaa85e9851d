/** Test support: a database that loses its leader at a statement of one's choice. */
import {
  DqliteError,
  ForwardingConnection,
  ForwardingEngine,
  type SqlCallOptions,
  type SqlConnection,
} from '@microcluster/dqlite';

const lost = () => new DqliteError('LEADERSHIP_LOST', { address: 'a:1' });
const unknown = () => new DqliteError('OUTCOME_UNKNOWN', { address: 'a:1', reason: 'it was cut' });

/** Loses the leader at one statement, and with it the connection that this was sent on. */
export class LosingEngine extends ForwardingEngine {
  /** Statements sent so far, those that begin and end transactions included. */
  sent = 0;
  /** Which of them meets the loss. */
  losesAt = Infinity;

  override async acquire(options?: SqlCallOptions): Promise<SqlConnection> {
    return new LosingConnection(await super.acquire(options), this);
  }
}

class LosingConnection extends ForwardingConnection {
  private isLost = false;

  constructor(
    inner: SqlConnection,
    private readonly engine: LosingEngine,
  ) {
    super(inner);
  }

  override async run(...statement: Parameters<SqlConnection['run']>) {
    if (this.isLosing()) throw lost();
    return super.run(...statement);
  }

  override async begin(...how: Parameters<SqlConnection['begin']>) {
    if (this.isLosing()) throw lost();
    return super.begin(...how);
  }

  /** It was committed all the same, and nobody is told. */
  override async commit(options?: SqlCallOptions): Promise<void> {
    const isLosing = this.isLosing();
    await super.commit(options);
    if (isLosing) throw unknown();
  }

  private isLosing(): boolean {
    this.engine.sent += 1;
    this.isLost ||= this.engine.sent === this.engine.losesAt;
    return this.isLost;
  }
}
