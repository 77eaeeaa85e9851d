/** The members as this member read them last: what it can still tell while nobody leads the database. */
import { MembersTable, type MemberRow, type SqlExecutor } from '../database/index.js';

/** Rows of the table, and when they were true. */
export interface SeenMembers {
  readonly rows: readonly MemberRow[];
  /** By the monotonic clock, milliseconds. */
  readonly at: number;
}

/** Keeps the last list; a list of one database is not shown for another, as after a reset and a new join. */
export class LastSeenMembers {
  private seen: (SeenMembers & { readonly database: object }) | undefined;

  /** @param database whatever is another object when another database is open */
  of(database: object): SeenMembers | undefined {
    return this.seen?.database === database ? this.seen : undefined;
  }

  /** The table, whose lists are kept from now on; outside of a transaction that could be rolled back. */
  watch(executor: SqlExecutor, database: object): MembersTable {
    return new WatchedTable(executor, (rows) => {
      this.seen = { rows, at: performance.now(), database };
    });
  }
}

class WatchedTable extends MembersTable {
  constructor(
    executor: SqlExecutor,
    private readonly onList: (rows: readonly MemberRow[]) => void,
  ) {
    super(executor);
  }

  override async list(): Promise<MemberRow[]> {
    const rows = await super.list();
    this.onList(rows);
    return rows;
  }
}
