import { timeLimit } from '@microcluster/dqlite/time-limit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteEngine } from '@microcluster/dqlite';
import { runSqlBatch } from './sql-batch.js';
import { jsonCell } from './sql-cell.js';

let engine: SqliteEngine;
beforeEach(async () => {
  engine = new SqliteEngine({ file: ':memory:' });
  await engine.open();
  await engine.run(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at DATETIME, flag BOOLEAN, data BLOB)',
  );
});
afterEach(() => engine.close());

async function batch(query: string, transaction = false) {
  const { Results } = await runSqlBatch(engine, query, {
    signal: timeLimit(60_000),
    transaction,
  });
  return Results;
}

async function names(): Promise<unknown[]> {
  const { rows } = await engine.run('SELECT name FROM t ORDER BY id');
  return rows.map((row) => row[0]);
}

describe('results', () => {
  it('are one per statement, as the specification shapes them', async () => {
    expect(
      await batch(
        `INSERT INTO t (name) VALUES ('a;b'), ('c'); SELECT id, name FROM t ORDER BY id; SELECT 1 WHERE 0`,
      ),
    ).toEqual([
      { type: 'exec', columns: null, rows: null, rows_affected: 2 },
      {
        type: 'select',
        columns: ['id', 'name'],
        rows: [
          [1, 'a;b'],
          [2, 'c'],
        ],
        rows_affected: 0,
      },
      expect.objectContaining({ type: 'select', rows: null, rows_affected: 0 }),
    ]);
  });

  it('hold the rows of WITH, PRAGMA, EXPLAIN, VALUES and RETURNING', async () => {
    const results = await batch(
      `WITH x AS (SELECT 1 AS a) SELECT a FROM x; PRAGMA foreign_keys; EXPLAIN QUERY PLAN SELECT * FROM t; VALUES (1, 2);
       INSERT INTO t (name) VALUES ('a') RETURNING id, name`,
    );

    expect(results?.map((result) => [result.type, result.rows?.[0]])).toEqual([
      ['select', [1]],
      ['select', [1]],
      ['select', expect.arrayContaining(['SCAN t'])],
      ['select', [1, 2]],
      ['select', [1, 'a']],
    ]);
    expect(await names()).toEqual(['a']);
  });

  it('hold long integers exactly and blobs as texts', async () => {
    await batch(`INSERT INTO t (id, data) VALUES (9007199254740993, X'616263')`);

    const [result] = (await batch('SELECT id, data FROM t')) ?? [];
    expect(result?.rows).toEqual([[9007199254740993n, 'abc']]);
  });

  it.each([
    [new Date('2024-10-22T09:22:33.120Z'), '2024-10-22T09:22:33.12Z'],
    [true, true],
    [1.5, 1.5],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [null, null],
  ])('show the cell %s as %s', (cell, shown) => {
    expect(jsonCell(cell)).toBe(shown);
  });

  it('are null for separators and comments only', async () => {
    expect(await batch(';; -- nothing\n;')).toBeNull();
  });
});

describe('transactions', () => {
  it('commit each statement on its own, so that earlier ones stay when a later one fails', async () => {
    await expect(
      batch(`INSERT INTO t (name) VALUES ('a'); INSERT INTO t (name) VALUES ('a'); SELECT 1`),
    ).rejects.toThrow(
      /^Failed to exec query: .*UNIQUE constraint failed: t\.name.* \(statement 2 of 3\)$/,
    );
    expect(await names()).toEqual(['a']);
  });

  it('undo everything on demand', async () => {
    await expect(batch(`INSERT INTO t (name) VALUES ('a'); SELECT broken`, true)).rejects.toThrow(
      /statement 2 of 2/,
    );
    expect(await names()).toEqual([]);

    await batch(`INSERT INTO t (name) VALUES ('a'); INSERT INTO t (name) VALUES ('b')`, true);
    expect(await names()).toEqual(['a', 'b']);
  });

  it('may be written into the query', async () => {
    await batch(
      `BEGIN; INSERT INTO t (name) VALUES ('a'); ROLLBACK; begin transaction; INSERT INTO t (name) VALUES ('b'); END`,
    );
    expect(await names()).toEqual(['b']);

    await expect(
      batch(`BEGIN; INSERT INTO t (name) VALUES ('c'); SELECT broken; COMMIT`),
    ).rejects.toThrow(/broken/);
    expect(await names()).toEqual(['b']);
  });

  it('know savepoints', async () => {
    await batch(
      `BEGIN; INSERT INTO t (name) VALUES ('a'); SAVEPOINT s; INSERT INTO t (name) VALUES ('b'); ROLLBACK TO s; RELEASE s; COMMIT`,
    );
    expect(await names()).toEqual(['a']);
  });

  it.each([
    ['BEGIN; SELECT 1', /leaves its transaction open/],
    ['BEGIN; BEGIN', /cannot start a transaction within a transaction/],
    ['COMMIT', /cannot commit - no transaction is active/],
    ['ROLLBACK', /cannot rollback - no transaction is active/],
    ['SAVEPOINT s', /a savepoint needs an open transaction/],
  ])('are refused with status 400 when they do not fit: %s', async (query, message) => {
    await expect(batch(query)).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(message),
    });
  });

  it('leave no lock behind when a query is refused', async () => {
    await expect(batch('BEGIN; SELECT 1')).rejects.toThrow(/open/);

    await batch(`INSERT INTO t (name) VALUES ('a')`);
    expect(await names()).toEqual(['a']);
  });

  it('leave no setting behind on the connection', async () => {
    await batch('PRAGMA foreign_keys = OFF; SELECT 1');

    const all = await Promise.all(Array.from({ length: 6 }, () => batch('PRAGMA foreign_keys')));
    expect(all.map((results) => results?.[0]?.rows)).toEqual(
      Array.from({ length: 6 }, () => [[1]]),
    );
  });
});

describe('errors', () => {
  it('are 400 for an empty query', async () => {
    await expect(batch('')).rejects.toMatchObject({ status: 400, message: 'No query provided' });
  });

  it('are 400 for what SQLite cannot read, and name the kind of statement', async () => {
    await expect(batch('SELECT broken')).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/^Failed to execute query: .*no such column: broken/),
    });
    await expect(batch('DROP TABLE missing')).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/^Failed to exec query: .*no such table: missing/),
    });
  });

  it('end a query whose caller has gone', async () => {
    const caller = new AbortController();
    const endless = runSqlBatch(
      engine,
      'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n',
      { signal: caller.signal },
    );
    setTimeout(() => caller.abort(new Error('gone')), 50);

    await expect(endless).rejects.toThrow(/Failed to execute query/);
  });
});
