import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySchemaUpdates } from './schema-updates.js';
import { readSchemaVersions } from './schema-versions.js';
import { openFixtureSession, type FixtureSession } from './sqlite-session.fixture.js';

const NOW = new Date('2024-10-22T11:22:33.000Z');
const EXTENSIONS = ['internal:runtime_extension_v1', 'internal:rename_core_endpoints'];

let session: FixtureSession;
beforeEach(async () => {
  session = await openFixtureSession();
});
afterEach(() => session.close());

/** Name, declared type, not null, default and primary key of every column. */
async function columnsOf(table: string): Promise<unknown[]> {
  const rows = await session.query(
    `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('${table}')`,
  );
  return rows.map((row) => Object.values(row));
}

async function uniquesOf(table: string): Promise<unknown[]> {
  const rows = await session.query(
    `SELECT group_concat(info.name) AS columns FROM pragma_index_list('${table}') AS list, pragma_index_info(list.name) AS info
       WHERE list."unique" = 1 GROUP BY list.name ORDER BY 1`,
  );
  return rows.map((row) => row['columns']);
}

async function sqlOf(name: string): Promise<unknown> {
  const [row] = await session.query('SELECT sql FROM sqlite_master WHERE name = ?', [name]);
  return row?.['sql'];
}

async function expectFinalSchema(): Promise<void> {
  expect(await columnsOf('schemas')).toEqual([
    ['id', 'INTEGER', 1, null, 1],
    ['version', 'INTEGER', 1, null, 0],
    ['type', 'INTEGER', 1, null, 0],
    ['updated_at', 'DATETIME', 1, null, 0],
  ]);
  expect(await columnsOf('core_cluster_members')).toEqual([
    ['id', 'INTEGER', 1, null, 1],
    ['name', 'TEXT', 1, null, 0],
    ['address', 'TEXT', 1, null, 0],
    ['certificate', 'TEXT', 1, null, 0],
    ['schema_internal', 'INTEGER', 1, null, 0],
    ['schema_external', 'INTEGER', 1, null, 0],
    ['heartbeat', 'DATETIME', 1, null, 0],
    ['role', 'TEXT', 1, null, 0],
    ['api_extensions', 'TEXT', 1, "'[]'", 0],
  ]);
  expect(await columnsOf('core_token_records')).toEqual([
    ['id', 'INTEGER', 1, null, 1],
    ['name', 'TEXT', 1, null, 0],
    ['secret', 'TEXT', 1, null, 0],
    ['expiry_date', 'DATETIME', 0, null, 0],
  ]);
  expect(await uniquesOf('schemas')).toEqual(['version,type']);
  expect(await uniquesOf('core_cluster_members')).toEqual(['certificate', 'name']);
  expect(await uniquesOf('core_token_records')).toEqual(['name', 'secret']);
  for (const table of ['schemas', 'core_cluster_members', 'core_token_records']) {
    expect(await sqlOf(table)).toMatch(new RegExp(`^CREATE TABLE "${table}" \\(`));
    expect(await sqlOf(table)).toMatch(/AUTOINCREMENT/);
  }
}

async function readSchemas(): Promise<unknown[]> {
  const rows = await session.query(
    'SELECT version, type, updated_at FROM schemas ORDER BY type, version',
  );
  return rows.map((row) => Object.values(row));
}

describe('a fresh database', () => {
  it('ends with the columns, constraints and quoted names of internal version 6', async () => {
    await applySchemaUpdates(session, { extensions: EXTENSIONS, external: [], now: NOW });

    await expectFinalSchema();
    const tables = await session.query(
      `SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name`,
    );
    expect(tables.map((row) => row['name'])).toEqual([
      'core_cluster_members',
      'core_token_records',
      'schemas',
    ]);
  });

  it('records six internal rows and one per update of the application, in unix seconds', async () => {
    const external = [
      (executor: FixtureSession) =>
        executor.execute('CREATE TABLE a (id INTEGER)').then(() => undefined),
      (executor: FixtureSession) =>
        executor.execute('CREATE TABLE b (id INTEGER)').then(() => undefined),
    ].map((update) => () => update(session));

    const applied = await applySchemaUpdates(session, {
      extensions: EXTENSIONS,
      external,
      now: NOW,
    });

    expect(applied).toEqual({ internal: [1, 2, 3, 4, 5, 6], external: [1, 2] });
    expect(await readSchemas()).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((version) => [version, 0, 1729596153]),
      ...[1, 2].map((version) => [version, 1, 1729596153]),
    ]);
  });

  it('applies nothing the second time', async () => {
    const target = { extensions: EXTENSIONS, external: [], now: NOW };
    await applySchemaUpdates(session, target);

    expect(await applySchemaUpdates(session, target)).toEqual({ internal: [], external: [] });
  });
});

describe('a database from before update 2', () => {
  beforeEach(async () => {
    const statements = [
      'CREATE TABLE schemas (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version INTEGER NOT NULL, updated_at DATETIME NOT NULL, UNIQUE (version))',
      'CREATE TABLE internal_token_records (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, secret TEXT NOT NULL, UNIQUE (name), UNIQUE (secret))',
      'CREATE TABLE internal_cluster_members (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, certificate TEXT NOT NULL, schema INTEGER NOT NULL, heartbeat DATETIME NOT NULL, role TEXT NOT NULL, UNIQUE (name), UNIQUE (certificate))',
      'INSERT INTO schemas (version, updated_at) VALUES (1, 100), (2, 200), (3, 300)',
      `INSERT INTO internal_cluster_members VALUES
         (1, 'a', '10.0.0.1:8443', 'cert-a', 3, '2024-01-02 03:04:05+00:00', 'voter'),
         (7, 'b', '10.0.0.2:8443', 'cert-b', 3, '2024-01-02 03:04:06+00:00', 'spare')`,
      `INSERT INTO internal_cluster_members VALUES (9, 'gone', '10.0.0.9:8443', 'cert-9', 3, '0001-01-01 00:00:00+00:00', 'spare')`,
      'DELETE FROM internal_cluster_members WHERE id = 9',
      'CREATE TABLE services (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL REFERENCES internal_cluster_members (id) ON DELETE CASCADE)',
      'CREATE VIEW names AS SELECT name FROM internal_cluster_members',
      'INSERT INTO services VALUES (1, 7)',
    ];
    for (const statement of statements) await session.execute(statement);
  });

  const target = { extensions: EXTENSIONS, external: [skip, skip], now: NOW };
  async function skip(): Promise<void> {
    await Promise.resolve();
  }

  it('reads the joint version as one internal update and the rest external', async () => {
    expect(await readSchemaVersions(session)).toEqual({ internal: 1, external: 2 });
  });

  it('ends with the final schema, its members, and split version rows', async () => {
    await applySchemaUpdates(session, target);

    await expectFinalSchema();
    expect(await readSchemas()).toEqual([
      [1, 0, 100],
      ...[2, 3, 4, 5, 6].map((version) => [version, 0, 1729596153]),
      [1, 1, 200],
      [2, 1, 300],
    ]);
    const members = await session.query(
      'SELECT id, name, schema_internal, schema_external, heartbeat, role, CAST(api_extensions AS TEXT) AS extensions FROM core_cluster_members ORDER BY id',
    );
    const extensions = JSON.stringify(EXTENSIONS);
    expect(members.map((row) => Object.values(row))).toEqual([
      [1, 'a', 1, 2, '2024-01-02 03:04:05+00:00', 'voter', extensions],
      [7, 'b', 1, 2, '2024-01-02 03:04:06+00:00', 'spare', extensions],
    ]);
  });

  it('keeps foreign keys, views and the id counter working', async () => {
    await applySchemaUpdates(session, target);

    expect(await session.query('SELECT name FROM names ORDER BY name')).toEqual([
      { name: 'a' },
      { name: 'b' },
    ]);
    await expect(session.execute('INSERT INTO services VALUES (2, 99)')).rejects.toThrow(
      /FOREIGN KEY/,
    );
    await session.execute('DELETE FROM core_cluster_members WHERE id = 7');
    expect(await session.query('SELECT * FROM services')).toEqual([]);
    await session.execute(
      `INSERT INTO core_cluster_members (name, address, certificate, schema_internal, schema_external, heartbeat, role)
         VALUES ('c', 'x', 'cert-c', 6, 2, '0001-01-01 00:00:00+00:00', 'PENDING')`,
    );
    expect(await session.query(`SELECT id FROM core_cluster_members WHERE name = 'c'`)).toEqual([
      { id: 10 },
    ]);
  });

  it('takes over what upgraded members wrote into the side table, and drops it with its triggers', async () => {
    for (const statement of [
      'CREATE TABLE internal_cluster_members_new (id INTEGER PRIMARY KEY, name TEXT, address TEXT, certificate TEXT, schema_internal INTEGER, schema_external INTEGER, heartbeat DATETIME, role TEXT)',
      `INSERT INTO internal_cluster_members_new SELECT id, name, address, certificate, 1, schema - 1, heartbeat, role FROM internal_cluster_members`,
      `UPDATE internal_cluster_members_new SET schema_internal = 6 WHERE name = 'b'`,
      `CREATE TRIGGER internal_cluster_member_added AFTER INSERT ON internal_cluster_members BEGIN INSERT INTO internal_cluster_members_new (name) VALUES (new.name); END`,
      `CREATE TRIGGER internal_cluster_member_removed AFTER DELETE ON internal_cluster_members BEGIN DELETE FROM internal_cluster_members_new WHERE name = old.name; END`,
    ]) {
      await session.execute(statement);
    }

    await applySchemaUpdates(session, target);

    await expectFinalSchema();
    expect(
      await session.query('SELECT name, schema_internal FROM core_cluster_members ORDER BY name'),
    ).toEqual([
      { name: 'a', schema_internal: 1 },
      { name: 'b', schema_internal: 6 },
    ]);
    const leftovers = await session.query(
      `SELECT name FROM sqlite_master WHERE name LIKE 'internal_%' OR type = 'trigger'`,
    );
    expect(leftovers).toEqual([]);
  });
});
