/** The table `core_member_removals`: removals that have begun, so that whoever repeats one goes on where it stopped. */
import { z } from 'zod';
import type { SqlExecutor, SqlInput } from '../../database/index.js';

/** A removal whose first irreversible step has been taken. */
export interface RemovalRecord {
  /** Name of the member that is or was removed. */
  readonly name: string;
  /** Its `ip:port`. */
  readonly address: string;
  /** Its identifier in the replication; `undefined` when it was not in there. */
  readonly nodeId: bigint | undefined;
  /** Whether every step has been taken. */
  readonly isDone: boolean;
}

const rowSchema = z
  .object({ name: z.string(), address: z.string(), node_id: z.string(), done: z.coerce.number() })
  .transform((row): RemovalRecord => ({
    name: row.name,
    address: row.address,
    nodeId: row.node_id === '' ? undefined : BigInt(row.node_id),
    isDone: row.done === 1,
  }));

/** Finished removals that are remembered; the oldest are forgotten first. */
const REMEMBERED = 1000;

/**
 * Records of removals by name. The table is ours alone: members of other makes neither know nor need it, and
 * no schema version counts it. Therefore it is made with the first removal and may be missing at any time.
 */
export class RemovalsTable {
  constructor(private readonly executor: SqlExecutor) {}

  /** The last removal of a member called `name`. */
  async byName(name: string): Promise<RemovalRecord | undefined> {
    if (!(await this.exists())) return undefined;
    const rows = await this.executor.query(
      'SELECT name, address, node_id, done FROM core_member_removals WHERE name = ?',
      [name],
    );
    return rows.map((row) => rowSchema.parse(row))[0];
  }

  /** Records that the removal has begun; an earlier record of the same name is replaced. */
  async begin(removal: Omit<RemovalRecord, 'isDone'>): Promise<void> {
    await this.executor.execute(
      `CREATE TABLE IF NOT EXISTS core_member_removals (
  id      INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name    TEXT    NOT NULL,
  address TEXT    NOT NULL,
  node_id TEXT    NOT NULL,
  done    INTEGER NOT NULL,
  UNIQUE (name)
)`,
    );
    await this.remove('name = ?', removal.name);
    await this.executor.execute(
      'INSERT INTO core_member_removals (name, address, node_id, done) VALUES (?, ?, ?, 0)',
      [removal.name, removal.address, String(removal.nodeId ?? '')],
    );
  }

  /** Records that every step has been taken. */
  async finish(name: string): Promise<void> {
    if (!(await this.exists())) return;
    await this.executor.execute('UPDATE core_member_removals SET done = 1 WHERE name = ?', [name]);
    await this.remove(
      'done = 1 AND id <= (SELECT MAX(id) FROM core_member_removals) - ?',
      REMEMBERED,
    );
  }

  /** Forgets a removal, since a member of that name is admitted again. */
  async forget(name: string): Promise<void> {
    if (await this.exists()) await this.remove('name = ?', name);
  }

  private async remove(condition: string, value: SqlInput): Promise<void> {
    await this.executor.execute(`DELETE FROM core_member_removals WHERE ${condition}`, [value]);
  }

  private async exists(): Promise<boolean> {
    const rows = await this.executor.query(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'core_member_removals'`,
    );
    return rows.length > 0;
  }
}
