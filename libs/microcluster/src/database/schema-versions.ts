/** The table `schemas`: which updates a database has, in its present and its oldest form (`spec/core-api.md` 20.4). */
import { z } from 'zod';
import type { SqlExecutor } from './sql-executor.js';

/** Whose updates: the framework's or the application's. */
export type SchemaKind = 'internal' | 'external';

/** The number of applied updates of each kind. */
export type SchemaVersions = Readonly<Record<SchemaKind, number>>;

const TYPE_OF_KIND: SchemaVersionsByKind = { internal: 0, external: 1 };
type SchemaVersionsByKind = Readonly<Record<SchemaKind, 0 | 1>>;

const columnRow = z.object({ name: z.string() });
const versionRow = z.object({ version: z.coerce.number(), type: z.coerce.number() });

/** What form the table `schemas` has: none yet, from before update 2 (one count for both kinds), or the present one. */
export type SchemasForm = 'absent' | 'joint' | 'split';

/** Finds the form of the table `schemas`. */
export async function readSchemasForm(executor: SqlExecutor): Promise<SchemasForm> {
  const rows = await executor.query(`SELECT name FROM pragma_table_info('schemas')`);
  const names = rows.map((row) => columnRow.parse(row).name);
  if (names.length === 0) return 'absent';
  return names.includes('type') ? 'split' : 'joint';
}

/** Reads the highest applied update of each kind; 0 where there is none. */
export async function readSchemaVersions(executor: SqlExecutor): Promise<SchemaVersions> {
  const form = await readSchemasForm(executor);
  if (form === 'absent') return { internal: 0, external: 0 };
  if (form === 'joint') {
    const rows = await executor.query('SELECT max(version) AS version, 0 AS type FROM schemas');
    const joint = highest(rows, 0);
    return { internal: Math.min(joint, 1), external: Math.max(joint - 1, 0) };
  }
  const rows = await executor.query(
    'SELECT max(version) AS version, type FROM schemas GROUP BY type',
  );
  return { internal: highest(rows, 0), external: highest(rows, 1) };
}

/** Records that update `version` was applied at `now`. */
export async function recordSchemaVersion(
  executor: SqlExecutor,
  kind: SchemaKind,
  version: number,
  now: Date,
): Promise<void> {
  await executor.execute('INSERT INTO schemas (version, type, updated_at) VALUES (?, ?, ?)', [
    version,
    TYPE_OF_KIND[kind],
    Math.floor(now.getTime() / 1000),
  ]);
}

function highest(rows: readonly unknown[], type: number): number {
  return rows
    .map((row) => versionRow.parse(row))
    .filter((row) => row.type === type)
    .reduce((most, row) => Math.max(most, row.version), 0);
}
