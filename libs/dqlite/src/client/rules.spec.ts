/** The rules of `spec/dqlite.md` section 0 that the client keeps, on a real node: it must still be there afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDqliteError } from '../errors/index.js';
import type { DqliteClient } from './index.js';
import { startCluster, type TestCluster } from './node.fixture.js';

let cluster: TestCluster;
let client: DqliteClient;

beforeAll(async () => {
  cluster = await startCluster(1);
  client = cluster.client();
  await client.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v UNIQUE)');
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Writes and reads: what a node that was damaged could not do. */
async function expectHealthy(): Promise<void> {
  await client.exec('CREATE TABLE IF NOT EXISTS alive (n)');
  await client.exec('INSERT INTO alive VALUES (1)');
  expect((await client.query('PRAGMA integrity_check')).rows).toEqual([['ok']]);
}

describe('rule 3: every connection is warmed up', () => {
  it('reads rows of 33 to 400 columns on fresh connections', async () => {
    for (let columns = 33; columns <= 400; columns += 61) {
      const names = Array.from({ length: columns }, (_, i) => `${i} AS c${i}`).join(', ');
      await using fresh = {
        client: cluster.client(),
        [Symbol.asyncDispose]: () => fresh.client.close(),
      };
      const { rows } = await fresh.client.query(
        `WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i < 20) SELECT ${names} FROM r`,
      );

      expect(rows).toHaveLength(20);
      expect(rows[19]?.[columns - 1]).toBe(columns - 1);
    }
    await expectHealthy();
  });

  it('updates more than the page cache holds in one transaction', async () => {
    await client.exec('CREATE TABLE big (a, b)');
    await client.exec(
      `WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i < 50000)
       INSERT INTO big SELECT i, hex(randomblob(40)) FROM r`,
    );

    await expect(client.exec('UPDATE big SET a = a + 1, b = b || 1')).resolves.toMatchObject({
      rowsAffected: 50_000,
    });
    await expectHealthy();
  });
});

describe('rule 4: writes that yield rows', () => {
  it.each([
    ['query', () => client.query("INSERT INTO t (v) VALUES ('a') RETURNING v")],
    ['exec', () => client.exec("INSERT INTO t (v) VALUES ('b') RETURNING v")],
    [
      'a lease',
      async () => {
        const lease = await client.acquire();
        await lease
          .query("INSERT INTO t (v) VALUES ('c') RETURNING v")
          .finally(() => lease.release());
      },
    ],
    [
      'a stream',
      async () => {
        for await (const { row } of client.stream("INSERT INTO t (v) VALUES ('d') RETURNING v")) {
          expect(row).toEqual(['d']);
        }
      },
    ],
    ['PRAGMA optimize', () => client.query('PRAGMA optimize')],
  ])('are replicated: %s', async (_, write) => {
    await expect(write()).resolves.not.toThrow();
    await expectHealthy();
  });

  it('are undone whole when they fail', async () => {
    await client.exec("INSERT INTO t (v) VALUES ('dup')");

    await expect(
      client.query("INSERT INTO t (v) VALUES ('new'), ('dup') RETURNING v"),
    ).rejects.toMatchObject({ code: 'CONSTRAINT', sqliteCode: 2067 });
    expect((await client.query("SELECT count(*) FROM t WHERE v = 'new'")).rows).toEqual([[0]]);
    await expectHealthy();
  });

  it('are refused once an error has ended the transaction around them', async () => {
    const lease = await client.acquire();
    await lease.begin();
    await expect(lease.exec("INSERT OR ROLLBACK INTO t (v) VALUES ('dup')")).rejects.toMatchObject({
      code: 'CONSTRAINT',
    });

    await expect(
      lease.query("INSERT INTO t (v) VALUES ('late') RETURNING v"),
    ).rejects.toMatchObject({ code: 'TRANSACTION_ENDED', retry: 'transaction' });
    expect(lease.inTransaction).toBe(true);
    await lease.rollback();
    expect(lease.inTransaction).toBe(false);
    await lease.release();
    await expectHealthy();
  });
});

describe('rule 5: refused statements', () => {
  it.each([
    ['VACUUM'],
    ["ATTACH 'x' AS y"],
    ['PRAGMA journal_mode=delete'],
    ['PRAGMA wal_checkpoint'],
  ])('%s never reaches the node', async (sql) => {
    await expect(client.exec(sql)).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
    await expect(client.query(sql)).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
    await expectHealthy();
  });

  it('a setting does not follow the connection to its next user', async () => {
    const lease = await client.acquire();
    await lease.exec('PRAGMA foreign_keys = OFF');
    expect((await lease.query('PRAGMA foreign_keys')).rows).toEqual([[0]]);
    await lease.release();

    for (let i = 0; i < 10; i++) {
      expect((await client.query('PRAGMA foreign_keys')).rows).toEqual([[1]]);
    }
  });
});

describe('rule 6: parameters', () => {
  it.each([256, 257, 300, 512])(
    '%i of them work, or fail clearly and write nothing',
    async (count) => {
      await client.exec('CREATE TABLE IF NOT EXISTS p (a)');
      const values = Array.from({ length: count }, (_, i) => i + 1);
      const sql = `INSERT INTO p VALUES ${values.map(() => '(?)').join(',')}`;

      const outcome = await client.exec(sql, values).then(
        ({ rowsAffected }) => rowsAffected,
        (error: unknown) => (isDqliteError(error) ? error.code : error),
      );

      const { rows } = await client.query('SELECT count(*), count(a) FROM p');
      await client.exec('DELETE FROM p');
      expect([
        { outcome: count, rows: [[count, count]] },
        { outcome: 'TOO_MANY_PARAMETERS', rows: [[0, 0]] },
      ]).toContainEqual({ outcome, rows });
    },
  );

  it('255 work', async () => {
    const values = Array.from({ length: 255 }, (_, i) => i);
    const { rows } = await client.query(`SELECT ${values.map(() => '?').join('+')}`, values);

    expect(rows).toEqual([[(254 * 255) / 2]]);
  });

  it.each([[[]], [[1, 2, 3]]])('%j are refused where two are needed', async (values) => {
    await expect(client.query('SELECT ?, ?', values)).rejects.toMatchObject({
      code: 'PARAMETER_COUNT',
    });
  });
});

describe('rule 9: a failure behind half a result', () => {
  it('has its own code and text, and the connection lives on', async () => {
    const lease = await client.acquire();
    await expect(
      lease.query(
        'SELECT abs(x) AS col FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775807-1)',
      ),
    ).rejects.toMatchObject({ code: 'SQL', sqliteCode: 1, serverMessage: 'integer overflow' });
    expect((await lease.query('SELECT 1')).rows).toEqual([[1]]);
    await lease.release();
  });
});

describe('rule 12: long column names', () => {
  it('are an error, not an endless stream', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `1 AS "${`c${i}_`.padEnd(120, 'x')}"`);

    await expect(client.query(`SELECT ${names.join(', ')}`)).rejects.toMatchObject({
      code: 'COLUMN_HEADER_TOO_LARGE',
    });
    await expectHealthy();
  });
});

describe('rule 13: results in many parts', () => {
  const MANY =
    'WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i < 50000) SELECT i FROM r';

  it('arrive whole', async () => {
    const { rows } = await client.query(MANY);

    expect(rows).toHaveLength(50_000);
    expect(rows[49_999]).toEqual([50_000]);
  });

  it('can be left in the middle, outside and inside of a transaction', async () => {
    for await (const { row } of client.stream(MANY)) if (row[0] === 100) break;

    await client.transaction(async (tx) => {
      await tx.exec("INSERT INTO t (v) VALUES ('left')");
      for await (const { row } of tx.stream(MANY)) if (row[0] === 100) break;
      expect((await tx.query("SELECT count(*) FROM t WHERE v = 'left'")).rows).toEqual([[1]]);
    });
    expect((await client.query("SELECT count(*) FROM t WHERE v = 'left'")).rows).toEqual([[1]]);
    await expectHealthy();
  });

  it('do not lock up a loop that uses the same connection', async () => {
    const lease = await client.acquire();
    let sum = 0;
    for await (const { row } of lease.stream(MANY)) {
      if (Number(row[0]) % 10_000 !== 0) continue;
      const { rows } = await lease.query('SELECT ? / 10000', [row[0] ?? null]);
      sum += Number(rows[0]?.[0]);
    }
    expect(sum).toBe(1 + 2 + 3 + 4 + 5);
    await lease.release();
    await expectHealthy();
  });
});

describe('prepared statements', () => {
  it('see columns that were added, also through another client (D.7)', async () => {
    await client.exec('CREATE TABLE s (a)');
    await client.exec('INSERT INTO s VALUES (1)');
    for (let i = 0; i < 3; i++) await client.query('SELECT * FROM s');
    for (let i = 0; i < 3; i++) await client.query('SELECT a FROM s');
    await cluster.client().exec('ALTER TABLE s ADD COLUMN b DEFAULT 2');

    expect(await client.query('SELECT * FROM s')).toEqual({ columns: ['a', 'b'], rows: [[1, 2]] });
    expect((await client.query('SELECT a FROM s')).rows).toEqual([[1]]);
  });

  it('are forgotten beyond a hundred, and the older ones still work', async () => {
    const lease = await client.acquire();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 150; i++) {
        expect((await lease.query(`SELECT ${i} + ?`, [1])).rows).toEqual([[i + 1]]);
      }
    }
    await lease.release();
  });
});

describe('big values', () => {
  it('arrive, and their connection is not kept', async () => {
    const { rows } = await client.query('SELECT zeroblob(5000000)');

    expect(rows[0]?.[0]).toHaveLength(5_000_000);
    const before = client.stats.idleConnections;
    await client.query('SELECT zeroblob(5000000)');
    expect(client.stats.idleConnections).toBeLessThanOrEqual(before);
  });
});

describe('the files of the database', () => {
  it('can be dumped', async () => {
    const files = await client.dump();

    expect(files.map(({ name }) => name)).toEqual(['test', 'test-wal']);
    expect(files.some(({ content }) => content.length > 4096)).toBe(true);
  });
});
