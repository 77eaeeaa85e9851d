import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSqlite3 } from './binding.js';
import { SqliteEngine } from './sqlite-engine.js';

describe('SqliteEngine', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'microcluster-engine-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('answers NOT_OPEN before it is opened and after it is closed', async () => {
    const engine = new SqliteEngine({ file: join(directory, 'a.sqlite') });
    const attempts = (): Promise<unknown>[] => [engine.run('SELECT 1'), engine.acquire()];
    for (const attempt of attempts()) {
      await expect(attempt).rejects.toMatchObject({ code: 'NOT_OPEN' });
    }
    await engine.open();
    await engine.open();
    expect(engine.isOpen).toBe(true);
    await engine.close();
    await engine.close();
    for (const attempt of attempts()) {
      await expect(attempt).rejects.toMatchObject({ code: 'NOT_OPEN' });
    }
  });

  it('creates the folder, keeps the data, and uses the write-ahead log', async () => {
    const file = join(directory, 'deep', 'er', 'a.sqlite');
    const first = new SqliteEngine({ file });
    await first.open();
    expect((await first.run('PRAGMA journal_mode')).rows).toEqual([['wal']]);
    await first.run('CREATE TABLE t (x)');
    expect(await first.run('INSERT INTO t VALUES (?), (?)', [1, 'b'])).toMatchObject({
      rowsAffected: 2,
      lastInsertId: 2,
    });
    await first.close();
    const second = new SqliteEngine({ file });
    await second.open();
    expect((await second.run('SELECT x FROM t')).rows).toEqual([[1], ['b']]);
    await second.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it('reports a file that is no database, and can be opened when it is one', async () => {
    const file = join(directory, 'a.sqlite');
    await writeFile(file, 'this is certainly not a database file, but long enough to look');
    const engine = new SqliteEngine({ file });
    await expect(engine.open()).rejects.toMatchObject({ code: 'SQL', sqliteCode: 26 });
    await rm(file);
    await engine.open();
    await engine.close();
  });

  describe('when it is closed', () => {
    const ENDLESS =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';

    it('ends what runs', async () => {
      const engine = new SqliteEngine({ file: join(directory, 'a.sqlite') });
      await engine.open();
      const outcome = engine.run(ENDLESS).catch((error: unknown) => error);
      await engine.run('SELECT 1');
      await engine.close();
      expect(await outcome).toMatchObject({ code: 'ABORTED' });
    });

    it('ends what waits for its connection to be opened', async () => {
      const engine = new SqliteEngine({ file: join(directory, 'a.sqlite') });
      await engine.open();
      const outcome = engine.run(ENDLESS).catch((error: unknown) => error);
      await engine.close();
      expect(await outcome).toMatchObject({ code: 'ABORTED' });
    });
  });

  it('restores the settings that a caller leaves on a connection', async () => {
    const engine = new SqliteEngine({ file: join(directory, 'a.sqlite'), poolSize: 1 });
    await engine.open();
    const connection = await engine.acquire();
    await connection.run('PRAGMA foreign_keys = OFF');
    await connection.run('CREATE TEMP TABLE mine (x)');
    await connection.release();
    expect((await engine.run('PRAGMA foreign_keys')).rows).toEqual([[1]]);
    await expect(engine.run('SELECT * FROM mine')).rejects.toThrow('no such table');
    await engine.close();
  });

  it('knows transactions that are controlled by statements', async () => {
    const engine = new SqliteEngine({ file: join(directory, 'a.sqlite') });
    await engine.open();
    await engine.run('CREATE TABLE t (x)');
    const connection = await engine.acquire();
    await expect(connection.run('SAVEPOINT s')).rejects.toMatchObject({
      code: 'STATEMENT_REFUSED',
    });
    await expect(connection.run('COMMIT')).rejects.toMatchObject({ code: 'MISUSE' });
    await connection.run('BEGIN IMMEDIATE');
    expect(connection.inTransaction).toBe(true);
    await connection.run('INSERT INTO t VALUES (1)');
    await connection.run('ROLLBACK');
    await connection.run('BEGIN IMMEDIATE');
    await connection.run('INSERT INTO t VALUES (2)');
    await connection.run('COMMIT');
    expect(connection.inTransaction).toBe(false);
    await connection.run('BEGIN IMMEDIATE');
    await connection.run('INSERT INTO t VALUES (3)');
    await connection.release();
    expect((await engine.run('SELECT x FROM t')).rows).toEqual([[2]]);
    await engine.close();
  });

  it('undoes rather than rounds what RETURNING cannot return exactly', async () => {
    const engine = new SqliteEngine({ file: join(directory, 'a.sqlite') });
    await engine.open();
    await engine.run('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const insert = 'INSERT INTO t VALUES (?) RETURNING id';
    await expect(engine.run(insert, [2n ** 60n])).rejects.toMatchObject({
      code: 'STATEMENT_REFUSED',
    });
    expect((await engine.run('SELECT * FROM t')).rows).toEqual([]);
    expect((await engine.run(insert, [5])).rows).toEqual([[5]]);
    await engine.close();
  });

  it('says what to install when sqlite3 is missing', async () => {
    const missing = loadSqlite3(() => Promise.reject(new Error('Cannot find package')));
    await expect(missing).rejects.toMatchObject({ code: 'SQLITE3_MISSING' });
    await expect(loadSqlite3(() => Promise.resolve({}))).rejects.toMatchObject({
      code: 'SQLITE3_MISSING',
    });
  });
});
