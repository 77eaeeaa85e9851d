/** The framework's own schema updates: how the tables of version 6 came to be (`spec/core-api.md` 20.4). */
import { encodeExtensionsCell } from '../extensions/index.js';
import { createSplitMembers } from './split-members.js';
import type { SqlExecutor } from './sql-executor.js';

/** What an internal update may depend on besides the database. */
export interface InternalUpdateContext {
  /** The extension list of the running daemon, internal ones first. */
  readonly extensions: readonly string[];
}

/** One internal update; runs inside the transaction that applies them all. */
export type InternalUpdate = (
  executor: SqlExecutor,
  context: InternalUpdateContext,
) => Promise<void>;

/**
 * The updates in order; the number of an update is its index plus one. Append only: every database
 * records which of them it has. Each runs with foreign keys off, and leaves the legacy behaviour of
 * ALTER TABLE off.
 */
export const INTERNAL_UPDATES: readonly InternalUpdate[] = [
  createFirstTables,
  splitSchemaVersions,
  addExtensionsColumn,
  storeOwnExtensions,
  renameToCorePrefix,
  addTokenExpiry,
];

/** The internal schema version of this code. */
export const INTERNAL_VERSION: number = INTERNAL_UPDATES.length;

async function createFirstTables(
  executor: SqlExecutor,
  context: InternalUpdateContext,
): Promise<void> {
  await executor.execute(
    `CREATE TABLE schemas (
  id         INTEGER  PRIMARY KEY AUTOINCREMENT NOT NULL,
  version    INTEGER  NOT NULL,
  updated_at DATETIME NOT NULL,
  UNIQUE (version)
)`,
  );
  await executor.execute(
    `CREATE TABLE internal_token_records (
  id     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name   TEXT    NOT NULL,
  secret TEXT    NOT NULL,
  UNIQUE (name),
  UNIQUE (secret)
)`,
  );
  await executor.execute(
    `CREATE TABLE internal_cluster_members (
  id          INTEGER  PRIMARY KEY AUTOINCREMENT NOT NULL,
  name        TEXT     NOT NULL,
  address     TEXT     NOT NULL,
  certificate TEXT     NOT NULL,
  schema      INTEGER  NOT NULL,
  heartbeat   DATETIME NOT NULL,
  role        TEXT     NOT NULL,
  UNIQUE (name),
  UNIQUE (certificate)
)`,
  );
  // A fresh database needs the column `type` before the first version row is written.
  await splitSchemaVersions(executor, context);
}

async function splitSchemaVersions(
  executor: SqlExecutor,
  _context: InternalUpdateContext,
): Promise<void> {
  if (await hasColumn(executor, 'schemas', 'type')) return;
  await executor.execute(
    `CREATE TABLE schemas_new (
  id         INTEGER  PRIMARY KEY AUTOINCREMENT NOT NULL,
  version    INTEGER  NOT NULL,
  type       INTEGER  NOT NULL,
  updated_at DATETIME NOT NULL,
  UNIQUE (version, type)
)`,
  );
  await executor.execute(
    `INSERT INTO schemas_new (id, version, type, updated_at)
       SELECT id, CASE version WHEN 1 THEN 1 ELSE version - 1 END, version > 1, updated_at FROM schemas ORDER BY id`,
  );
  await createSplitMembers(executor, 'internal_cluster_members_split');
  await adoptSideTable(executor);
  await swapTable(executor, 'schemas_new', 'schemas');
  await swapTable(executor, 'internal_cluster_members_split', 'internal_cluster_members');
}

/**
 * While a cluster from before this update is upgraded, its upgraded members keep a side table with the
 * split versions, fed by two triggers; what they wrote there about themselves wins.
 */
async function adoptSideTable(executor: SqlExecutor): Promise<void> {
  await executor.execute('DROP TRIGGER IF EXISTS internal_cluster_member_added');
  await executor.execute('DROP TRIGGER IF EXISTS internal_cluster_member_removed');
  if (!(await hasColumn(executor, 'internal_cluster_members_new', 'schema_internal'))) return;
  await executor.execute(
    `UPDATE internal_cluster_members_split SET (schema_internal, schema_external) =
         (SELECT side.schema_internal, side.schema_external FROM internal_cluster_members_new AS side
            WHERE side.name = internal_cluster_members_split.name)
       WHERE name IN (SELECT name FROM internal_cluster_members_new)`,
  );
  await executor.execute('DROP TABLE internal_cluster_members_new');
}

/** Puts `from` in the place of `to`, keeps the AUTOINCREMENT counter, and leaves references to `to` alone. */
async function swapTable(executor: SqlExecutor, from: string, to: string): Promise<void> {
  const [counter] = await executor.query('SELECT seq FROM sqlite_sequence WHERE name = ?', [to]);
  await executor.execute(`DROP TABLE ${to}`);
  await executor.execute('PRAGMA legacy_alter_table = ON');
  await executor.execute(`ALTER TABLE ${from} RENAME TO ${to}`);
  await executor.execute('PRAGMA legacy_alter_table = OFF');
  if (counter === undefined) return;
  await executor.execute('DELETE FROM sqlite_sequence WHERE name = ?', [to]);
  await executor.execute('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', [
    to,
    Number(counter['seq']),
  ]);
}

async function addExtensionsColumn(executor: SqlExecutor): Promise<void> {
  await executor.execute(
    `ALTER TABLE internal_cluster_members ADD COLUMN api_extensions TEXT NOT NULL DEFAULT '[]'`,
  );
}

/** Every member gets the list of the daemon that updates first, so that the cluster waits only once. */
async function storeOwnExtensions(
  executor: SqlExecutor,
  context: InternalUpdateContext,
): Promise<void> {
  await executor.execute('UPDATE internal_cluster_members SET api_extensions = ?', [
    encodeExtensionsCell(context.extensions),
  ]);
}

/** Foreign keys, triggers and views of the embedder follow the new names. */
async function renameToCorePrefix(executor: SqlExecutor): Promise<void> {
  await executor.execute('ALTER TABLE internal_cluster_members RENAME TO core_cluster_members');
  await executor.execute('ALTER TABLE internal_token_records RENAME TO core_token_records');
}

async function addTokenExpiry(executor: SqlExecutor): Promise<void> {
  await executor.execute('ALTER TABLE core_token_records ADD COLUMN expiry_date DATETIME');
}

async function hasColumn(executor: SqlExecutor, table: string, column: string): Promise<boolean> {
  const rows = await executor.query('SELECT name FROM pragma_table_info(?)', [table]);
  return rows.some((row) => row['name'] === column);
}
