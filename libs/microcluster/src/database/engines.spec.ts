import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTERNAL_EXTENSIONS } from '../extensions/index.js';
import { ENGINES, type OpenDatabase } from './engines.fixture.js';
import { applyGlobalPatch } from './global-patch.js';
import { MembersTable } from './members-table.js';
import { applySchemaUpdates, type ExternalUpdate } from './schema-updates.js';
import { readSchemaVersions } from './schema-versions.js';
import { runSqlBatch } from './sql-batch.js';
import { dumpDatabase } from './sql-dump.js';
import { TokensTable } from './tokens-table.js';
import { executorOf, sessionsOf } from './typeorm-session.js';

const NOW = new Date('2024-10-22T11:22:33.120Z');

class CreateParents1 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)');
    await runner.query(
      'CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id))',
    );
    await runner.query(`INSERT INTO parents VALUES (1, 'a')`);
    await runner.query('INSERT INTO children VALUES (1, 1)');
  }
  async down(): Promise<void> {
    await Promise.reject(new Error('updates are never undone'));
  }
}

/** Rebuilds the table that others refer to, which would delete or refuse with foreign keys on. */
class RebuildParents2 extends CreateParents1 {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE parents_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
    await runner.query('INSERT INTO parents_new SELECT id, name FROM parents');
    await runner.query('DROP TABLE parents');
    await runner.query('ALTER TABLE parents_new RENAME TO parents');
  }
}

class LeaveOrphans3 extends CreateParents1 {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM parents');
  }
}

class Fail4 extends CreateParents1 {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id INTEGER)');
    await runner.query('INSERT INTO missing VALUES (1)');
  }
}

describe.each(ENGINES)('the core database on $name', ({ name, open }) => {
  let database: OpenDatabase;
  let directory: string;
  beforeAll(async () => {
    database = await open();
    directory = await mkdtemp(path.join(tmpdir(), 'core-patch-'));
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });

  function update(external: readonly ExternalUpdate[]) {
    return sessionsOf(database.dataSource)((session) =>
      applySchemaUpdates(session, { extensions: INTERNAL_EXTENSIONS, external, now: NOW }),
    );
  }
  const signal = () => AbortSignal.timeout(60_000);

  it('takes all updates, with migrations that rebuild tables', async () => {
    expect(await update([CreateParents1, RebuildParents2])).toEqual({
      internal: [1, 2, 3, 4, 5, 6],
      external: [1, 2],
    });
    expect(await database.dataSource.query('SELECT * FROM children')).toEqual([
      { id: 1, parent: 1 },
    ]);
    expect(await database.dataSource.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('rolls a failing update back whole and says which it was', async () => {
    const skip = async (): Promise<void> => undefined;
    await expect(update([CreateParents1, RebuildParents2, skip, Fail4])).rejects.toMatchObject({
      kind: 'external',
      version: 4,
      message: expect.stringMatching(/^Failed to apply update 4: .*no such table: missing.*Fail4/),
    });
    await expect(update([CreateParents1, RebuildParents2, LeaveOrphans3])).rejects.toThrow(
      /^Failed to apply update 3: .*children row 1 -> parents/,
    );
    await expect(update([CreateParents1])).rejects.toThrow(
      'Schema version 2 is more recent than expected 1',
    );

    const tables: { name: string }[] = await database.dataSource.query(
      'SELECT name FROM sqlite_master',
    );
    expect(tables.map((table) => table.name)).not.toContain('half');
    const versions = await sessionsOf(database.dataSource)((session) =>
      readSchemaVersions(session),
    );
    expect(versions).toEqual({ internal: 6, external: 2 });
    expect(await database.dataSource.query('SELECT count(*) AS count FROM parents')).toEqual([
      { count: 1 },
    ]);
  });

  it('stores members and reads them back', async () => {
    const joiner = {
      name: 'a',
      address: '[FE80:0::1%eth0]:8443',
      certificate: 'cert-a',
      schemaInternal: 6,
      schemaExternal: 2,
      extensions: INTERNAL_EXTENSIONS,
    };
    await database.dataSource.transaction(async (manager) => {
      const members = new MembersTable(executorOf(manager));
      await members.insertPending(joiner);
      await members.insertPending({
        ...joiner,
        name: 'b',
        certificate: 'cert-b',
        address: '10.0.0.2:8443',
        extensions: ['one'],
      });
    });

    await database.dataSource.transaction(async (manager) => {
      const members = new MembersTable(executorOf(manager));
      const found = await members.byAddress('[fe80::1%eth0]:8443');
      expect(found).toMatchObject({
        ...joiner,
        role: 'PENDING',
        heartbeat: new Date('0001-01-01T00:00:00Z'),
      });
      const list = await members.list();
      await members.recordRound(list.map(({ id }) => ({ id, role: 'voter', heartbeat: NOW })));
      await members.updateRelease('b', { internal: 7, external: 3 }, []);
      expect(await members.byCertificate('cert-b')).toMatchObject({
        role: 'voter',
        heartbeat: NOW,
        schemaInternal: 7,
        schemaExternal: 3,
        extensions: [],
      });
      await expect(members.updateRelease('c', { internal: 7, external: 3 }, [])).rejects.toThrow(
        /Updated 0 rows instead of 1/,
      );
      await expect(
        members.insertPending({ ...joiner, certificate: 'other' }),
      ).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining('This "core_cluster_members" entry already exists'),
      });
      await expect(members.insertPending({ ...joiner, name: 'c' })).rejects.toMatchObject({
        status: 409,
      });
      expect(await members.remove('a')).toBe(true);
      expect(await members.remove('a')).toBe(false);
    });
  });

  it('lets exactly one of two joiners win a token', async () => {
    await database.dataSource.transaction(async (manager) => {
      const tokens = new TokensTable(executorOf(manager));
      await tokens.issue({ name: 'x', secret: 's', expiresAt: undefined }, NOW);
      await tokens.issue(
        { name: 'y', secret: 't', expiresAt: new Date(NOW.getTime() + 1_000) },
        NOW,
      );
      expect(await tokens.list(NOW)).toEqual([
        { name: 'x', secret: 's', expiresAt: undefined },
        { name: 'y', secret: 't', expiresAt: new Date(NOW.getTime() + 1_000) },
      ]);
    });
    const join = (certificate: string, last: number) =>
      database.dataSource.transaction(async (manager) => {
        const executor = executorOf(manager);
        await new TokensTable(executor).reserve('s', certificate, NOW);
        await new MembersTable(executor).insertPending({
          name: certificate,
          address: `10.0.1.${last}:8443`,
          certificate,
          schemaInternal: 6,
          schemaExternal: 2,
          extensions: [],
        });
      });

    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((last) => join(`cert-${last}`, last)),
    );

    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason] : [],
    );
    expect(refused).toEqual([1, 2, 3].map(() => expect.objectContaining({ status: 409 })));
  });

  it('runs batches and dumps itself', async () => {
    const { Results } = await runSqlBatch(
      database.engine,
      `INSERT INTO parents (name) VALUES (';') RETURNING id, name; BEGIN; UPDATE parents SET name = 'b' WHERE id = 1; COMMIT; PRAGMA foreign_keys`,
      { signal: signal() },
    );
    expect(Results?.map((result) => result.rows)).toEqual([[[2, ';']], null, null, null, [[1]]]);

    const text = await dumpDatabase(database.engine, { schemaOnly: false, signal: signal() });
    expect(text).toContain(`INSERT INTO parents VALUES(2,';');`);
    expect(text).toContain('CREATE TABLE IF NOT EXISTS "core_cluster_members"');
    expect(text).toContain(`'2024-10-22 11:22:33.12+00:00'`);
  });

  it('runs the global patch once, and keeps it when it fails', async () => {
    const file = path.join(directory, 'patch.global.sql');
    const patch = () =>
      sessionsOf(database.dataSource)((session) => applyGlobalPatch(session, file));
    expect(await patch()).toBe(false);

    await writeFile(
      file,
      `-- by an operator;\nUPDATE parents SET name = 'x;y'; UPDATE missing SET a = 1;`,
    );
    await expect(patch()).rejects.toThrow(
      /^Failed to execute queries from .*patch\.global\.sql: .*missing/,
    );
    expect(await readdir(directory)).toEqual(['patch.global.sql']);
    expect(await database.dataSource.query(`SELECT name FROM parents WHERE name = 'x;y'`)).toEqual(
      [],
    );

    await writeFile(file, `UPDATE parents SET name = 'x;y'; SELECT 1;`);
    expect(await patch()).toBe(true);
    expect(await readdir(directory)).toEqual([]);
    expect(await database.dataSource.query('SELECT DISTINCT name FROM parents')).toEqual([
      { name: 'x;y' },
    ]);

    // As a crash between putting the file aside and the end of the commit leaves it.
    await writeFile(`${file}.applying`, `UPDATE parents SET name = 'z'`);
    await expect(patch()).rejects.toThrow(
      /patch\.global\.sql\.applying: .*interrupted.*delete it, or rename it to patch\.global\.sql$/,
    );
    expect(await readdir(directory)).toEqual(['patch.global.sql.applying']);
  });

  it.runIf(name === 'dqlite')(
    'shows cells as their declared types say, and columns of one name apart',
    async () => {
      const { Results } = await runSqlBatch(
        database.engine,
        `CREATE TABLE cells (id INTEGER, at DATETIME, flag BOOLEAN, data BLOB);
       INSERT INTO cells VALUES (9007199254740993, '2024-10-22 11:22:33+02:00', 1, X'616263');
       SELECT * FROM cells; SELECT 1 AS a, 2 AS a`,
        { signal: signal() },
      );
      expect(Results?.[2]?.rows).toEqual([
        [9007199254740993n, '2024-10-22T09:22:33Z', true, 'abc'],
      ]);
      expect(Results?.[3]).toMatchObject({ columns: ['a', 'a'], rows: [[1, 2]] });
    },
  );
});
