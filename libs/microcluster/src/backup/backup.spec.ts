/** Backup and restore on both engines. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENGINES, type OpenDatabase } from '../database/engines.fixture.js';
import { applySchemaUpdates } from '../database/schema-updates.js';
import { sessionsOf } from '../database/typeorm-session.js';
import { INTERNAL_VERSION } from '../database/core-schema.js';
import { writeStreamAtomic } from '../state/write-file-atomic.js';
import { restoreBackup, takeBackup, verifyBackup } from './index.js';

const signal = AbortSignal.timeout(120_000);
const versions = { internal: INTERNAL_VERSION, external: 2 };

const external = [
  async (db: { execute(sql: string): Promise<unknown> }) => {
    await db.execute(
      'CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, blob BLOB, number REAL)',
    );
    await db.execute('CREATE TABLE parts (item INTEGER REFERENCES items(id), name TEXT)');
    await db.execute('CREATE INDEX parts_by_name ON parts (name)');
    await db.execute(
      `CREATE TRIGGER shout AFTER INSERT ON parts BEGIN UPDATE items SET name = name || '!' WHERE id = NEW.item; END`,
    );
    await db.execute('CREATE VIEW names AS SELECT name FROM items');
  },
  async (db: { execute(sql: string): Promise<unknown> }) => {
    await db.execute('CREATE TABLE later (id INTEGER)');
  },
];

async function migrate({ dataSource }: OpenDatabase, count = 2): Promise<void> {
  await sessionsOf(dataSource)((session) =>
    applySchemaUpdates(session, { extensions: [], external: external.slice(0, count) }),
  );
}

async function addMember({ engine }: OpenDatabase, name: string): Promise<void> {
  await engine.run(
    `INSERT INTO core_cluster_members (name, address, certificate, schema_internal, schema_external, heartbeat, role)
       VALUES (?, '127.0.0.1:1', ?, 6, 2, '0001-01-01 00:00:00+00:00', 'voter')`,
    [name, name],
  );
}

async function namesIn({ engine }: OpenDatabase, table: string): Promise<unknown[]> {
  const { rows } = await engine.run(`SELECT name FROM ${table} ORDER BY 1`);
  return rows.map(([name]) => name);
}

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'backup-'));
  file = path.join(directory, 'backup');
});
afterEach(() => rm(directory, { recursive: true }));

async function backUp(database: OpenDatabase): Promise<void> {
  const source = { sql: database.engine, application: '1.0.0', member: 'c1' };
  await writeStreamAtomic(file, await takeBackup(source, signal), 0o600);
}

const restore = (database: OpenDatabase) =>
  restoreBackup(database.engine, file, 'The backup', versions, signal);

describe.each(ENGINES)('a backup on $name', ({ open }) => {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await open();
    await migrate(database);
    await addMember(database, 'c1');
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    for (const table of ['parts', 'items']) await database.engine.run(`DELETE FROM ${table}`);
  });

  it('is one state of the database, although it is written meanwhile', async () => {
    const { engine } = database;
    await engine.run(`INSERT INTO items (name) VALUES ('before')`);
    const source = { sql: engine, application: '1.0.0', member: 'c1' };
    const stream = await takeBackup(source, signal);
    await engine.run(`INSERT INTO items (name) VALUES ('meanwhile')`);
    await writeStreamAtomic(file, stream, 0o600);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await engine.run(`INSERT INTO items (name) VALUES ('after')`);
    const header = await verifyBackup(Readable.from([await readFile(file)]), 'x');
    expect(header).toMatchObject({ member: 'c1', schema: versions });
    const outcome = await restore(database);
    expect(outcome).toMatchObject({ tables: 3, rows: 1 });
    expect(await namesIn(database, 'items')).toEqual(['before']);
  });

  it('brings back every value, counter, index, trigger and view, and fires no trigger', async () => {
    const { engine } = database;
    await engine.run(
      `INSERT INTO items (id, name, blob, number) VALUES (9007199254740993, 'it''s' || char(10) || '–', X'00FF', 1e-300), (7, NULL, NULL, 9e999)`,
    );
    await engine.run(`INSERT INTO parts VALUES (7, 'p')`);
    const shape = async () => ({
      items: (
        await engine.run(
          'SELECT CAST(id AS TEXT), name, quote(blob), quote(number) FROM items ORDER BY id',
        )
      ).rows,
      parts: (await engine.run('SELECT * FROM parts')).rows,
      sequences: (
        await engine.run(`SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 'items'`)
      ).rows,
      objects: (
        await engine.run(
          `SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY 1, 2`,
        )
      ).rows,
    });
    const before = await shape();
    await backUp(database);
    await engine.run('DROP VIEW names');
    await engine.run('DELETE FROM parts');
    await engine.run(`UPDATE items SET name = 'changed' WHERE id = 7`);
    await restore(database);
    expect(await shape()).toEqual(before);
    // Enforced again, on every connection.
    await expect(engine.run(`INSERT INTO parts VALUES (12345, 'orphan')`)).rejects.toThrow(
      /FOREIGN KEY/,
    );
  });

  it('keeps the members and tokens of the cluster that it is restored into', async () => {
    await backUp(database);
    await addMember(database, 'new');
    await restore(database);
    expect(await namesIn(database, 'core_cluster_members')).toEqual(['c1', 'new']);
    await database.engine.run(`DELETE FROM core_cluster_members WHERE name = 'new'`);
  });

  it('that is refused, or fails half way, changes nothing', async () => {
    await database.engine.run(`INSERT INTO items (name) VALUES ('kept')`);
    await backUp(database);
    const lines = gunzipSync(await readFile(file))
      .toString('utf8')
      .split('\n');
    const rewrite = async (text: string) => writeFile(file, gzipSync(text));
    await rewrite(lines.slice(0, -2).join('\n'));
    await expect(restore(database)).rejects.toThrow('The backup is no intact backup: it was cut');
    await rewrite(lines.join('\n').replace('kept', 'forged'));
    await expect(restore(database)).rejects.toThrow('its checksum is wrong');
    await writeFile(file, 'hello');
    await expect(restore(database)).rejects.toThrow('The backup is no intact backup: ');
    await backUp(database);
    const older = { internal: INTERNAL_VERSION, external: 1 };
    await expect(
      restoreBackup(database.engine, file, 'The backup', older, signal),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `The backup has schema version 2 (internal ${INTERNAL_VERSION}), but this release knows only 1 (internal ${INTERNAL_VERSION}); upgrade all members before restoring it`,
    });
    expect(await namesIn(database, 'items')).toEqual(['kept']);
  });
});

describe.each(ENGINES)('a backup with an older schema on $name', ({ open }) => {
  it('is restored as it was, so that the updates can be applied to it', async () => {
    const old = await open();
    await migrate(old, 1);
    await old.engine.run(`INSERT INTO items (name) VALUES ('old')`);
    await backUp(old);
    await old.close();
    const database = await open();
    try {
      await migrate(database);
      await restore(database);
      await migrate(database);
      expect(await namesIn(database, 'items')).toEqual(['old']);
      expect((await database.engine.run('SELECT count(*) FROM later')).rows).toEqual([[0]]);
    } finally {
      await database.close();
    }
  }, 90_000);
});
