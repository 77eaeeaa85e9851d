/** The member table as of update 2, with a version each of the framework's and the application's schema (`spec/core-api.md` 20.4). */
import type { SqlExecutor } from './sql-executor.js';

/** The columns of such a table, for an INSERT. */
export const SPLIT_MEMBER_COLUMNS =
  'id, name, address, certificate, schema_internal, schema_external, heartbeat, role';

/** Makes such a table and fills it with the members of the first form, which counts both kinds of updates as one. */
export async function createSplitMembers(executor: SqlExecutor, table: string): Promise<void> {
  await executor.execute(
    `CREATE TABLE ${table} (
  id              INTEGER  PRIMARY KEY AUTOINCREMENT NOT NULL,
  name            TEXT     NOT NULL,
  address         TEXT     NOT NULL,
  certificate     TEXT     NOT NULL,
  schema_internal INTEGER  NOT NULL,
  schema_external INTEGER  NOT NULL,
  heartbeat       DATETIME NOT NULL,
  role            TEXT     NOT NULL,
  UNIQUE (name),
  UNIQUE (certificate)
)`,
  );
  await executor.execute(
    `INSERT INTO ${table} (${SPLIT_MEMBER_COLUMNS})
       SELECT id, name, address, certificate, 1, schema - 1, heartbeat, role
         FROM internal_cluster_members ORDER BY id`,
  );
}
