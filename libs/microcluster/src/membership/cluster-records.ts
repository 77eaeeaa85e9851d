/** Transactions on the framework's own tables: the members of the cluster and the join tokens. */
import type { DqliteDataSource, RetryCallOptions, SqlCallOptions } from '@microcluster/dqlite';
import {
  executorOf,
  MembersTable,
  sessionsOf,
  TokensTable,
  type Release,
  type SqlExecutor,
} from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { DatabaseStatus } from '../lifecycle/life-cycle.js';
import { completeJoin } from './complete-join.js';
import { LastSeenMembers, type SeenMembers } from './last-seen-members.js';
import { RemovalsTable } from './removal/removals-table.js';

/** The tables, bound to one transaction or connection. */
export interface Tables {
  readonly members: MembersTable;
  readonly tokens: TokensTable;
  readonly removals: RemovalsTable;
}

/** Whether a transaction may run a second time where the first may have taken effect. */
type Repetition = Pick<RetryCallOptions, 'idempotent'>;

/** Access to the framework's tables while the database is open or waits for an upgrade (`spec/core-api.md` 20.1). */
export class ClusterRecords {
  private readonly lastSeen = new LastSeenMembers();

  constructor(
    private readonly dataSource: DqliteDataSource,
    private readonly status: () => DatabaseStatus,
    /** How long the first write of a member may take, milliseconds: as long as its database may take to be ready. */
    private readonly readyMs: number,
  ) {}

  /**
   * Runs `work` in one immediate transaction; again, when it had no effect.
   *
   * @param options `idempotent` also when its effect is unknown, since the leader was lost at the commit
   * @throws MicroclusterError 503 while there is no database
   */
  async write<T>(work: (tables: Tables) => Promise<T>, options: Repetition = {}): Promise<T> {
    this.requireDatabase();
    return this.transact(work, options);
  }

  /** As {@link write}, before the daemon has declared its database open: for the first row of a new cluster. */
  bootstrap<T>(work: (tables: Tables) => Promise<T>): Promise<T> {
    return this.patiently(() => this.transact(work));
  }

  /**
   * Closes the join of the member with `certificate`: its token is spent, and it has shown a sign of life.
   * Until then the leader may take it for a joiner that died.
   *
   * @param release what this member runs. Others did not wait for it so far, and may have been upgraded
   * @throws MicroclusterError when the leader did so already, or when this member is behind meanwhile
   */
  async completeJoin(certificate: string, release: Release): Promise<void> {
    await this.patiently(() =>
      this.transact((tables) => completeJoin(tables, certificate, release, new Date()), {
        idempotent: true,
      }),
    );
  }

  /** Runs `work` on one connection, without a transaction: for a single read. @throws as {@link write} */
  async read<T>(work: (tables: Tables) => Promise<T>, limits: SqlCallOptions = {}): Promise<T> {
    this.requireDatabase();
    const database = this.dataSource.driver.engine;
    return this.dataSource.withOptions(limits, () =>
      sessionsOf(this.dataSource)((session) =>
        work(tablesOf(session, this.lastSeen.watch(session, database))),
      ),
    );
  }

  /** The members as {@link read} found them last in the database that is open now. @throws as {@link write} */
  lastSeenMembers(): SeenMembers | undefined {
    this.requireDatabase();
    return this.lastSeen.of(this.dataSource.driver.engine);
  }

  private patiently<T>(work: () => Promise<T>): Promise<T> {
    return this.dataSource.withOptions({ deadlineMs: this.readyMs }, work);
  }

  private transact<T>(work: (tables: Tables) => Promise<T>, options: Repetition = {}): Promise<T> {
    return this.dataSource.retryableTransaction(
      (manager) => work(tablesOf(executorOf(manager))),
      options,
    );
  }

  private requireDatabase(): void {
    const status = this.status();
    if (!status.transactions) {
      throw new MicroclusterError('UNAVAILABLE', {
        reason: `Database is not ready yet: ${status.text}`,
      });
    }
  }
}

function tablesOf(executor: SqlExecutor, members = new MembersTable(executor)): Tables {
  return {
    members,
    tokens: new TokensTable(executor),
    removals: new RemovalsTable(executor),
  };
}
