/** Writes which release this member runs, and reads what the others run, in a database of any age (`spec/core-api.md` 20.5). */
import { z } from 'zod';
import { decodeExtensionsCell } from '../extensions/index.js';
import { zeroTime } from '../types/index.js';
import type { MemberRelease, Release } from './check-versions.js';
import { ownRowMissing } from './database-errors.js';
import { MembersTable } from './members-table.js';
import type { SchemaVersions } from './schema-versions.js';
import { createSplitMembers, SPLIT_MEMBER_COLUMNS } from './split-members.js';
import type { SqlExecutor } from './sql-executor.js';
import { decodeTime } from './sql-time.js';

/** What this member runs. */
export interface OwnRelease extends Release {
  readonly name: string;
}

/**
 * Stores our own release in our row and reads every member's, for `checkRelease`. When that finds us behind,
 * the caller must roll back: others would wait for the version that we stored.
 * Before update 5 the table has another name; before update 3 it has no extensions; before update 2 it
 * cannot hold split versions, so that a side table does (update 2 takes it over).
 *
 * @throws MicroclusterError when our row is gone: this member was removed while it was down.
 */
export async function exchangeReleases(
  executor: SqlExecutor,
  own: OwnRelease,
): Promise<MemberRelease[]> {
  if ((await columnsOf(executor, 'core_cluster_members')).size > 0) {
    const members = new MembersTable(executor);
    await members.updateRelease(own.name, own.versions, own.extensions);
    return members.list();
  }
  const columns = await columnsOf(executor, 'internal_cluster_members');
  if (columns.has('schema_internal'))
    return exchange(executor, own, 'internal_cluster_members', columns);
  await createSideTable(executor);
  return exchange(executor, own, SIDE_TABLE, columns);
}

/**
 * The versions in our own row.
 *
 * @returns `undefined` when there is no such row, or the database is too old to tell the two versions apart
 */
export async function storedVersions(
  executor: SqlExecutor,
  name: string,
): Promise<SchemaVersions | undefined> {
  for (const table of ['core_cluster_members', 'internal_cluster_members', SIDE_TABLE]) {
    if (!(await columnsOf(executor, table)).has('schema_internal')) continue;
    const rows = await executor.query(
      `SELECT schema_internal, schema_external FROM ${table} WHERE name = ?`,
      [name],
    );
    return rows.map((row) => versionsRow.parse(row))[0];
  }
  return undefined;
}

const SIDE_TABLE = 'internal_cluster_members_new';

const versionsRow = z
  .object({ schema_internal: z.coerce.number(), schema_external: z.coerce.number() })
  .transform((row): SchemaVersions => ({
    internal: row.schema_internal,
    external: row.schema_external,
  }));

const releaseRow = z
  .object({
    id: z.coerce.number(),
    name: z.string(),
    role: z.string(),
    heartbeat: z.unknown(),
    schema_internal: z.coerce.number(),
    schema_external: z.coerce.number(),
    api_extensions: z.unknown().optional(),
  })
  .transform((row): MemberRelease => ({
    id: row.id,
    name: row.name,
    role: row.role,
    heartbeat: decodeTime(row.heartbeat) ?? zeroTime(),
    schemaInternal: row.schema_internal,
    schemaExternal: row.schema_external,
    extensions:
      row.api_extensions === undefined ? undefined : decodeExtensionsCell(row.api_extensions),
  }));

/** Extensions are only read here: update 4 gives all members the same, so that the cluster waits once. */
async function exchange(
  executor: SqlExecutor,
  own: OwnRelease,
  table: string,
  columns: ReadonlySet<unknown>,
): Promise<MemberRelease[]> {
  const { affected } = await executor.execute(
    `UPDATE ${table} SET schema_internal = ?, schema_external = ? WHERE name = ?`,
    [own.versions.internal, own.versions.external, own.name],
  );
  if (affected !== 1) throw ownRowMissing(own.name);
  const extensions = columns.has('api_extensions') ? ', api_extensions' : '';
  const rows = await executor.query(
    `SELECT id, name, role, heartbeat, schema_internal, schema_external${extensions} FROM ${table} ORDER BY name`,
  );
  return rows.map((row) => releaseRow.parse(row));
}

/** Members of the old release keep writing the old table; two triggers carry their joins and removals over. */
async function createSideTable(executor: SqlExecutor): Promise<void> {
  if ((await columnsOf(executor, SIDE_TABLE)).size > 0) return;
  await createSplitMembers(executor, SIDE_TABLE);
  await executor.execute(
    `CREATE TRIGGER internal_cluster_member_added AFTER INSERT ON internal_cluster_members BEGIN
       INSERT INTO ${SIDE_TABLE} (${SPLIT_MEMBER_COLUMNS}) VALUES (new.id, new.name, new.address, new.certificate, 1,
         new.schema - 1, new.heartbeat, new.role); END`,
  );
  await executor.execute(
    `CREATE TRIGGER internal_cluster_member_removed AFTER DELETE ON internal_cluster_members BEGIN
       DELETE FROM ${SIDE_TABLE} WHERE name = old.name; END`,
  );
}

async function columnsOf(executor: SqlExecutor, table: string): Promise<Set<unknown>> {
  const rows = await executor.query('SELECT name FROM pragma_table_info(?)', [table]);
  return new Set(rows.map((row) => row['name']));
}
