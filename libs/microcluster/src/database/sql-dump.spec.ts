import { timeLimit } from '@microcluster/dqlite/time-limit';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteEngine } from '@microcluster/dqlite';
import { INTERNAL_EXTENSIONS } from '../extensions/index.js';
import { applySchemaUpdates } from './schema-updates.js';
import { dumpDatabase } from './sql-dump.js';
import { openFixtureSession, type FixtureSession } from './sqlite-session.fixture.js';

let directory: string;
let file: string;
let session: FixtureSession;
let engine: SqliteEngine;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sql-dump-'));
  file = path.join(directory, 'source.db');
  session = await openFixtureSession(file);
  engine = new SqliteEngine({ file });
  await engine.open();
});
afterEach(async () => {
  await engine.close();
  await session.close();
  await rm(directory, { recursive: true });
});

function dump(schemaOnly = false): Promise<string> {
  return dumpDatabase(engine, { schemaOnly, signal: timeLimit(60_000) });
}

/** Feeds `input` to SQLite's own shell; rejects when it complains. */
function shell(database: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('sqlite3', ['-bail', database], (error, stdout, stderr) => {
      if (error === null && stderr === '') resolve(stdout);
      else reject(error ?? new Error(stderr));
    });
    child.stdin?.end(input);
  });
}

/** Loads the dump with the shell; returns schema and rows of every table of the copy, and of the source. */
async function loadedAndSource(): Promise<[unknown, unknown]> {
  const text = await dump();
  const copy = path.join(directory, 'copy.db');
  await rm(copy, { force: true });
  await shell(copy, text);
  const restored = await openFixtureSession(copy);
  try {
    expect(await restored.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    return [await everythingIn(restored), await everythingIn(session)];
  } finally {
    await restored.close();
  }
}

async function everythingIn(database: FixtureSession): Promise<unknown> {
  const objects = await database.query(
    `SELECT type, name, replace(sql, 'IF NOT EXISTS ', '') AS sql FROM sqlite_master
       WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name`,
  );
  const content = objects
    .filter((object) => object['type'] === 'table')
    .map(async ({ name }) => [name, await contentOf(database, String(name))]);
  return { objects, content: await Promise.all(content) };
}

async function contentOf(database: FixtureSession, table: string): Promise<unknown[]> {
  const columns = await database.query('SELECT name FROM pragma_table_xinfo(?)', [table]);
  const cells = columns.map(({ name }) => `"${String(name).replaceAll('"', '""')}"`);
  const exact = cells.map(
    (cell, index) =>
      `typeof(${cell}) AS t${index}, CASE typeof(${cell}) WHEN 'real' THEN ${cell} ELSE hex(${cell}) END AS v${index}`,
  );
  return database.query(`SELECT ${exact.join(', ')} FROM "${table.replaceAll('"', '""')}"`);
}

async function run(...statements: string[]): Promise<void> {
  for (const statement of statements) await session.execute(statement);
}

describe('the core tables', () => {
  it('have the specified layout', async () => {
    await applySchemaUpdates(session, {
      extensions: INTERNAL_EXTENSIONS,
      external: [],
      now: new Date(1_729_596_153_000),
    });
    await run(
      `INSERT INTO core_token_records (name, secret, expiry_date) VALUES ('it''s', 'ab', '2024-10-22 11:22:33.123456789+02:00')`,
    );

    const lines = (await dump()).split('\n');
    expect(lines.slice(0, 2)).toEqual(['PRAGMA foreign_keys=OFF;', 'BEGIN TRANSACTION;']);
    expect(lines).toContain('CREATE TABLE IF NOT EXISTS "schemas" (');
    expect(lines).toContain('CREATE TABLE IF NOT EXISTS "core_cluster_members" (');
    expect(lines).toContain('INSERT INTO schemas VALUES(1,1,0,1729596153);');
    expect(lines).toContain(
      `INSERT INTO core_token_records VALUES(1,'it''s','ab','2024-10-22 11:22:33.123456789+02:00');`,
    );
    expect(lines.slice(lines.indexOf('DELETE FROM sqlite_sequence;'))).toEqual([
      'DELETE FROM sqlite_sequence;',
      `INSERT INTO sqlite_sequence VALUES('schemas',6);`,
      `INSERT INTO sqlite_sequence VALUES('core_cluster_members',0);`,
      `INSERT INTO sqlite_sequence VALUES('core_token_records',1);`,
      'COMMIT;',
      '',
    ]);
    const [loaded, source] = await loadedAndSource();
    expect(loaded).toEqual(source);
  });

  it('show as schema only on demand', async () => {
    await applySchemaUpdates(session, { extensions: INTERNAL_EXTENSIONS, external: [] });

    const text = await dump(true);
    expect(text).toMatch(
      /^PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE IF NOT EXISTS/,
    );
    expect(text).not.toMatch(/INSERT|DELETE/);
    expect(text.endsWith('COMMIT;\n')).toBe(true);
  });
});

describe('a dump loads back to the same', () => {
  it.each<[string, string[]]>([
    ['an empty database', []],
    ['rows without AUTOINCREMENT', ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (1), (2)']],
    [
      'every storage class in every declared type',
      [
        'CREATE TABLE t (a, b BOOLEAN, c DATETIME, d TEXT, e BLOB, f REAL, g INTEGER)',
        `INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           (9223372036854775807, 'text', 1.5, 1, X'', 1, -9223372036854775808),
           (4.9e-324, 7, 1729596153, '1', 'x', 0.1, 1e308), (0.1 + 0.2, X'00', X'ff', 'a', X'0001ff', 123456789.123456789, 9007199254740993)`,
      ],
    ],
    [
      'infinities',
      ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (9e999), (-9e999), (1.7976931348623157e308)'],
    ],
    [
      'texts with quotes, line ends and escapes',
      [
        'CREATE TABLE t (a)',
        String.raw`INSERT INTO t VALUES ('it''s'), ('a' || char(10) || 'b'), ('a\nb' || char(10)), ('\n\n0' || char(10) || '\r' || char(13) || char(10)), ('\' || char(10) || 'r' || char(13)), (char(13)), ('')`,
      ],
    ],
    [
      'texts with zero characters',
      ['CREATE TABLE t (a)', `INSERT INTO t VALUES ('a' || char(0) || 'b'''), (char(0))`],
    ],
    [
      'names that need quotes',
      [
        'CREATE TABLE "order" ("a b" INTEGER, "c""d" TEXT, "select" TEXT)',
        `INSERT INTO "order" VALUES (1, 'x', 'y')`,
        `CREATE TABLE 'single' (a)`,
        'INSERT INTO single VALUES (1)',
        `CREATE TABLE [it's] (a)`,
        `INSERT INTO "it's" VALUES (1)`,
      ],
    ],
    [
      'columns called rowid, in rowid order',
      [
        'CREATE TABLE t (rowid TEXT, oid TEXT)',
        `INSERT INTO t VALUES ('b', 'x'), ('a', 'y')`,
        'CREATE INDEX i ON t (rowid, oid)',
      ],
    ],
    [
      'tables without rowid and with generated columns',
      [
        'CREATE TABLE w (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID',
        `INSERT INTO w VALUES ('b', 1), ('a', 2)`,
        'CREATE TABLE g (a INTEGER, b AS (a * 2), c AS (a + 1) STORED, d)',
        'INSERT INTO g VALUES (1, 2), (3, 4)',
        'CREATE TABLE p (k TEXT PRIMARY KEY, v)',
        `INSERT INTO p VALUES ('z', 1), ('a', 2)`,
      ],
    ],
    [
      'a counter that is ahead of the rows',
      [
        'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)',
        'INSERT INTO t VALUES (7), (9)',
        'DELETE FROM t WHERE id = 9',
      ],
    ],
    [
      'foreign keys, views, triggers and indexes',
      [
        'CREATE TABLE child (id INTEGER, parent INTEGER REFERENCES parent (id))',
        'CREATE TABLE parent (id INTEGER PRIMARY KEY)',
        'INSERT INTO parent VALUES (1)',
        'INSERT INTO child VALUES (1, 1)',
        'CREATE VIEW v AS SELECT * FROM child -- note',
        'CREATE TABLE log (id)',
        `CREATE TRIGGER added AFTER INSERT ON child BEGIN INSERT INTO log VALUES (CASE WHEN new.id > 1 THEN 1 END); SELECT ';'; END`,
        'CREATE UNIQUE INDEX i ON child (id) WHERE id > 0',
        'INSERT INTO child VALUES (2, 1)',
      ],
    ],
    [
      'full-text search',
      [
        'CREATE VIRTUAL TABLE docs USING fts5(title, body)',
        `INSERT INTO docs VALUES ('one', 'hello world'), ('two', 'it''s' || char(10) || 'me')`,
        'CREATE TABLE later (a)',
      ],
    ],
    [
      'a table of many columns',
      [
        `CREATE TABLE t (${Array.from({ length: 250 }, (_item, index) => `column_with_a_rather_long_name_${index}`).join(', ')})`,
        `INSERT INTO t VALUES (${Array.from({ length: 250 }, (_item, index) => index).join(', ')})`,
      ],
    ],
  ])('%s', async (_what, statements) => {
    await run(...statements);

    const [loaded, source] = await loadedAndSource();
    expect(loaded).toEqual(source);
  });

  it('any values', async () => {
    await run('CREATE TABLE t (a, b DATETIME, c BOOLEAN, d TEXT, e REAL)');
    const value = fc.oneof(
      fc.double({ noNaN: true, min: -1e-280, max: 1e-280 }),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\\', 'n', 'r', '0', '\n', '\r', "'", '\u0000') }),
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.constant(null),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, value, value, value, value), { maxLength: 20 }),
        async (rows) => {
          await run('DELETE FROM t');
          for (const row of rows)
            await session.execute('INSERT INTO t VALUES (?, ?, ?, ?, ?)', row);
          const [loaded, source] = await loadedAndSource();
          expect(loaded).toEqual(source);
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);
});

it('is one snapshot', async () => {
  await run(
    'PRAGMA journal_mode = WAL',
    'CREATE TABLE a (x)',
    'CREATE TABLE b (x)',
    'INSERT INTO a VALUES (1)',
  );
  const connection = await engine.acquire();
  try {
    const meddling = {
      acquire: async () => ({
        begin: connection.begin.bind(connection),
        commit: connection.commit.bind(connection),
        rollback: connection.rollback.bind(connection),
        release: async () => undefined,
        run: connection.run.bind(connection),
        async *stream(...args: Parameters<typeof connection.stream>) {
          await run('INSERT INTO b VALUES (1)');
          yield* connection.stream(...args);
        },
      }),
    };
    const text = await dumpDatabase(meddling, {
      schemaOnly: false,
      signal: timeLimit(60_000),
    });
    expect(text).toContain('INSERT INTO a VALUES(1);');
    expect(text).not.toContain('INSERT INTO b');
  } finally {
    await connection.release();
  }
});
