/** Databases as every earlier release of the framework and of an application left them: all end as a fresh one. */
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { INTERNAL_UPDATES, INTERNAL_VERSION } from './core-schema.js';
import { ENGINES, type OpenDatabase } from './engines.fixture.js';
import { applySchemaUpdates, type ExternalUpdate } from './schema-updates.js';
import { recordSchemaVersion } from './schema-versions.js';
import type { SqlExecutor, SqlSession } from './sql-executor.js';
import { sessionsOf } from './typeorm-session.js';

const EXTENSIONS = ['internal:runtime_extension_v1', 'internal:rename_core_endpoints', 'items'];
const NOW = new Date('2024-10-22T11:22:33Z');

class CreateItems1 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
    await runner.query(`INSERT INTO items VALUES (1, 'first')`);
  }
  async down(): Promise<void> {
    await Promise.reject(new Error('updates are never undone'));
  }
}

async function addNotes2(executor: SqlExecutor): Promise<void> {
  await executor.execute(`ALTER TABLE items ADD COLUMN notes TEXT NOT NULL DEFAULT ''`);
  await executor.execute('CREATE INDEX items_by_name ON items (name)');
}

class RebuildItems3 extends CreateItems1 {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE items_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, notes TEXT)',
    );
    await runner.query('INSERT INTO items_new SELECT id, name, notes FROM items');
    await runner.query('DROP TABLE items');
    await runner.query('ALTER TABLE items_new RENAME TO items');
  }
}

const EXTERNAL: readonly ExternalUpdate[] = [CreateItems1, addNotes2, RebuildItems3];

/** As made before update 2, which was the first to count both kinds of updates apart. */
const BEFORE_UPDATE_2 = [
  'CREATE TABLE schemas (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version INTEGER NOT NULL, updated_at DATETIME NOT NULL, UNIQUE (version))',
  'CREATE TABLE internal_token_records (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, secret TEXT NOT NULL, UNIQUE (name), UNIQUE (secret))',
  'CREATE TABLE internal_cluster_members (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, certificate TEXT NOT NULL, schema INTEGER NOT NULL, heartbeat DATETIME NOT NULL, role TEXT NOT NULL, UNIQUE (name), UNIQUE (certificate))',
  'INSERT INTO schemas (version, updated_at) VALUES (1, 0)',
];

/** Everything that a schema promises: columns, constraints, indices and references of each table, and its versions. */
async function factsOf(executor: SqlExecutor): Promise<unknown> {
  const tables = await executor.query(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
  );
  const facts: Record<string, unknown> = {};
  for (const { name } of tables) {
    facts[String(name)] = {
      columns: await executor.query(
        `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?) ORDER BY cid`,
        [String(name)],
      ),
      indices: await executor.query(
        `SELECT list."unique", list.origin, group_concat(info.name) AS columns
           FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
          GROUP BY list.name ORDER BY list."unique", list.origin, columns`,
        [String(name)],
      ),
      references: await executor.query(
        `SELECT "table", "from", "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id`,
        [String(name)],
      ),
      increments: await executor.query(
        `SELECT sql LIKE '%AUTOINCREMENT%' AS value FROM sqlite_master WHERE name = ?`,
        [String(name)],
      ),
    };
  }
  return {
    facts,
    others: await executor.query(
      `SELECT type, name FROM sqlite_master WHERE type <> 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
    ),
    versions: await executor.query('SELECT version, type FROM schemas ORDER BY type, version'),
    items: await executor.query('SELECT id, name, notes FROM items'),
  };
}

/** A database in which `internal` updates of the framework and `external` ones of the application have run. */
async function makeHistoric(
  session: SqlSession,
  internal: number,
  external: number,
): Promise<void> {
  await session.transaction(async () => {
    for (const [at, update] of INTERNAL_UPDATES.slice(0, internal).entries()) {
      await update(session, { extensions: EXTENSIONS });
      await recordSchemaVersion(session, 'internal', at + 1, NOW);
    }
    for (const [at, update] of EXTERNAL.slice(0, external).entries()) {
      await runExternal(session, update);
      await recordSchemaVersion(session, 'external', at + 1, NOW);
    }
  });
}

async function makeJoint(session: SqlSession, external: number): Promise<void> {
  await session.transaction(async () => {
    for (const statement of BEFORE_UPDATE_2) await session.execute(statement);
    for (const [at, update] of EXTERNAL.slice(0, external).entries()) {
      await runExternal(session, update);
      await session.execute('INSERT INTO schemas (version, updated_at) VALUES (?, 0)', [at + 2]);
    }
  });
}

async function runExternal(session: SqlSession, update: ExternalUpdate): Promise<void> {
  if (update === addNotes2) return addNotes2(session);
  const { queryRunner } = session;
  if (queryRunner === undefined) throw new Error('the session has no query runner');
  const migration = update === CreateItems1 ? new CreateItems1() : new RebuildItems3();
  await migration.up(queryRunner);
}

async function upgraded(
  database: OpenDatabase,
  past: (session: SqlSession) => Promise<void>,
): Promise<unknown> {
  return sessionsOf(database.dataSource)(async (session) => {
    await past(session);
    await applySchemaUpdates(session, { extensions: EXTENSIONS, external: EXTERNAL, now: NOW });
    return factsOf(session);
  });
}

describe.each(ENGINES)('on $name', ({ open }) => {
  let expected: unknown;
  let historic: OpenDatabase;
  beforeAll(async () => {
    const fresh = await open();
    expected = await upgraded(fresh, () => Promise.resolve());
    await fresh.close();
  });
  beforeEach(async () => {
    historic = await open();
  });
  afterEach(() => historic.close());

  const internals = Array.from({ length: INTERNAL_VERSION }, (_, at) => at + 1);
  it.each(internals)('a database at internal version %i ends as a fresh one', async (internal) => {
    const external = internal % (EXTERNAL.length + 1);
    const past = (session: SqlSession) => makeHistoric(session, internal, external);
    expect(await upgraded(historic, past)).toEqual(expected);
  });

  it.each(EXTERNAL.map((_, at) => at))(
    'a database from before update 2 with %i updates of its application ends as a fresh one',
    async (external) => {
      const past = (session: SqlSession) => makeJoint(session, external);
      expect(await upgraded(historic, past)).toEqual(expected);
    },
  );
});
