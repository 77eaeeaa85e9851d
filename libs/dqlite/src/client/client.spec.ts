/** The client against a real node: statements, values, transactions, the queue of writers, and the rules about statements. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DqliteClient } from './index.js';
import { startCluster, type TestCluster } from './node.fixture.js';

let cluster: TestCluster;
let client: DqliteClient;

beforeAll(async () => {
  cluster = await startCluster(1);
  client = cluster.client({ poolSize: 16 });
  await client.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v, n INT DEFAULT 0)');
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe('values', () => {
  it.each([
    ['null', null],
    ['an integer', 42],
    ['a negative integer', -7],
    ['the largest exact integer', Number.MAX_SAFE_INTEGER],
    ['an integer beyond 2^53', 2n ** 62n],
    ['the smallest integer', -(2n ** 63n)],
    ['a float', 1.5],
    ['a large float', 1e300],
    ['text', 'grüß dich 👋'],
    ['empty text', ''],
    ['bytes', Buffer.from([0, 1, 2, 255])],
    ['no bytes', Buffer.alloc(0)],
  ])('%s comes back as it was', async (_, value) => {
    const { rows } = await client.query('SELECT ?', [value]);

    expect(rows).toEqual([[value]]);
  });

  it('reads DATETIME and BOOLEAN columns as the wire has them', async () => {
    await client.exec('CREATE TABLE d (t DATETIME, b BOOLEAN)');
    const time = new Date('2024-02-29T12:34:56.789Z');
    await client.exec('INSERT INTO d VALUES (?, ?), (1709210096, 0), (NULL, NULL)', [time, true]);

    const { rows } = await client.query('SELECT t, b FROM d');

    expect(rows).toEqual([
      [time, true],
      [new Date('2024-02-29T12:34:56Z'), false],
      [null, false], // NULL is lost on the wire (rule 11).
    ]);
  });
});

describe('writers', () => {
  it('take turns: 16 at once never see the database busy', async () => {
    const results = await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = 0; i < 20; i++) await client.exec('INSERT INTO t (v) VALUES (?)', [writer]);
        return writer;
      }),
    );

    expect(results).toHaveLength(16);
    const { rows } = await client.query('SELECT count(*) FROM t WHERE v BETWEEN 0 AND 15');
    expect(rows).toEqual([[320]]);
    expect(client.stats.busy).toBe(0);
  });

  it('of two clients wait for each other', async () => {
    const other = cluster.client();
    await Promise.all(
      [client, other].map(async (one) => {
        for (let i = 0; i < 30; i++) {
          await one.transaction((tx) => tx.exec('UPDATE t SET n = n + 1 WHERE id = 1'));
        }
      }),
    );

    const { rows } = await client.query('SELECT n FROM t WHERE id = 1');
    expect(rows).toEqual([[60]]);
  });
});

describe('RETURNING', () => {
  it('works outside of a transaction and is replicated (rule 4)', async () => {
    const { rows } = await client.query("INSERT INTO t (v) VALUES ('r') RETURNING v, id > 0");
    expect(rows).toEqual([['r', 1]]);
    await client.exec("INSERT INTO t (v) VALUES ('after')");

    const result = await client.exec("UPDATE t SET v = 'rr' WHERE v = 'r' RETURNING id");
    expect(result.rowsAffected).toBe(1);
  });
});
