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

  it('whose parameters cannot be sent do not hold up those behind them', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 5000 }, (_, i) =>
        client.exec('INSERT INTO t (v) VALUES (?)', [i < 4990 ? 'a\0b' : 'late']),
      ),
    );

    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(4990);
    const { rows } = await client.query("SELECT count(*) FROM t WHERE v = 'late'");
    expect(rows).toEqual([[10]]);
    expect(client.stats.waitingWriters).toBe(0);
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

describe('transactions', () => {
  beforeAll(() => client.exec('CREATE TABLE tx (n)'));

  it('commit when the work succeeds and roll back when it fails', async () => {
    await client.transaction((tx) => tx.exec('INSERT INTO tx VALUES (1)'));
    const failure = new Error('no');

    await expect(
      client.transaction(async (tx) => {
        await tx.exec('INSERT INTO tx VALUES (2)');
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect((await client.query('SELECT n FROM tx')).rows).toEqual([[1]]);
  });

  it('do not interleave, nor see what others have not committed', async () => {
    const writer = await client.acquire();
    await writer.begin();
    await writer.exec('INSERT INTO tx VALUES (10)');

    expect((await client.query('SELECT count(*) FROM tx WHERE n = 10')).rows).toEqual([[0]]);
    const other = client.exec('INSERT INTO tx VALUES (11)');
    await expect.poll(() => client.stats.waitingWriters).toBe(1);
    await writer.commit();
    await other;
    await writer.release();
    expect((await client.query('SELECT n FROM tx WHERE n >= 10 ORDER BY rowid')).rows).toEqual([
      [10],
      [11],
    ]);
  });

  it('that read first and lose the race are run again', async () => {
    let runs = 0;
    await client.transaction(
      async (tx) => {
        await tx.query('SELECT count(*) FROM tx');
        if (++runs === 1) await client.exec('INSERT INTO tx VALUES (20)');
        await tx.exec('INSERT INTO tx VALUES (21)');
      },
      { mode: 'deferred' },
    );

    expect(runs).toBe(2);
    expect((await client.query('SELECT n FROM tx WHERE n >= 20')).rows).toEqual([[20], [21]]);
  });

  it('that may run only once report the lost race instead', async () => {
    const run = client.transaction(
      async (tx) => {
        await tx.query('SELECT count(*) FROM tx');
        await client.exec('INSERT INTO tx VALUES (30)');
        await tx.exec('INSERT INTO tx VALUES (31)');
      },
      { mode: 'deferred', rerun: false },
    );

    await expect(run).rejects.toMatchObject({ code: 'BUSY_SNAPSHOT', retry: 'transaction' });
  });

  it('take statements given in parallel', async () => {
    for (const mode of ['deferred', 'immediate'] as const) {
      await client.transaction(
        (tx) => Promise.all([35, 36, 37].map((n) => tx.exec('INSERT INTO tx VALUES (?)', [n]))),
        { mode, deadlineMs: 60_000 },
      );
    }

    const { rows } = await client.query('SELECT count(*) FROM tx WHERE n BETWEEN 35 AND 37');
    expect(rows).toEqual([[6]]);
    expect(client.stats).toMatchObject({ waitingWriters: 0, usedConnections: 0 });
  });

  it('can be nested by savepoints', async () => {
    await client.transaction(async (tx) => {
      await tx.exec('SAVEPOINT a');
      await tx.exec('INSERT INTO tx VALUES (40)');
      await tx.exec('ROLLBACK TO a');
      await tx.exec('RELEASE a');
      await tx.exec('INSERT INTO tx VALUES (41)');
    });

    expect((await client.query('SELECT n FROM tx WHERE n >= 40')).rows).toEqual([[41]]);
  });

  it('cannot be begun on the client itself, where each call may use another connection', async () => {
    for (const sql of ['BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT a']) {
      await expect(client.exec(sql)).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
    }
  });

  it('left open by a lease are rolled back at its release', async () => {
    const lease = await client.acquire({ write: true });
    await lease.begin();
    await lease.exec('INSERT INTO tx VALUES (50)');
    await lease.release();
    await lease.release();

    await expect(lease.exec('SELECT 1')).rejects.toMatchObject({ code: 'CLOSED' });
    expect((await client.query('SELECT n FROM tx WHERE n = 50')).rows).toEqual([]);
  });
});

describe('waiting', () => {
  it('for the write ticket ends at the deadline and says what was waited for', async () => {
    const lease = await client.acquire({ write: true });

    await expect(
      client.exec('INSERT INTO t (v) VALUES (1)', [], { deadlineMs: 20 }),
    ).rejects.toMatchObject({ code: 'TIMEOUT', message: /to write to the database 'test'/ });
    await lease.release();
    await client.exec('INSERT INTO t (v) VALUES (1)');
  });

  it('for a connection does not block a writer that holds the ticket', async () => {
    const small = cluster.client({ poolSize: 1 });
    const reader = await small.acquire();

    await expect(small.query('SELECT 1', [], { deadlineMs: 20 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: /free connection/,
    });
    await expect(small.exec('INSERT INTO t (v) VALUES (2)')).resolves.toMatchObject({
      rowsAffected: 1,
    });
    await reader.release();
  });

  it('ends at once for a signal', async () => {
    const signal = AbortSignal.abort();

    await expect(client.query('SELECT 1', [], { signal })).rejects.toMatchObject({
      code: 'ABORTED',
      outcome: 'not-executed',
    });
  });

  it('for a long statement can be cancelled, which frees the write lock', async () => {
    const cancel = new AbortController();
    const endless = client.query(
      'WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r) SELECT i FROM r',
      [],
      { signal: cancel.signal },
    );
    await expect.poll(() => client.stats.usedConnections).toBe(1);
    cancel.abort();

    await expect(endless).rejects.toMatchObject({ code: 'ABORTED' });
    await client.exec('INSERT INTO t (v) VALUES (3)');
  });
});

describe('several statements in one text', () => {
  it('are run one after the other on one connection', async () => {
    await client.exec(`
      PRAGMA foreign_keys = OFF;
      CREATE TABLE m (a);
      CREATE TRIGGER tr AFTER INSERT ON m BEGIN UPDATE m SET a = a + 1; END;
      INSERT INTO m VALUES (1); -- done
    `);

    expect((await client.query('SELECT a FROM m')).rows).toEqual([[2]]);
    expect((await client.query('PRAGMA foreign_keys')).rows).toEqual([[1]]);
  });

  it('are all refused when one of them is', async () => {
    await expect(client.exec('CREATE TABLE never (a); VACUUM')).rejects.toMatchObject({
      code: 'STATEMENT_REFUSED',
    });
    await expect(client.query('SELECT a FROM never')).rejects.toMatchObject({
      code: 'SQL',
      serverMessage: 'no such table: never',
    });
  });
});

describe('a closed client', () => {
  it('lets what is running finish, and refuses the rest', async () => {
    const closing = cluster.client();
    await closing.query('SELECT 1');
    const running = closing.exec('INSERT INTO t (v) VALUES (4)');
    await expect.poll(() => closing.stats.usedConnections).toBe(1);
    const closed = closing.close();

    await expect(running).resolves.toMatchObject({ rowsAffected: 1 });
    await closed;
    await closing.close();
    for (const use of [
      () => closing.exec('SELECT 1'),
      () => closing.query('SELECT 1'),
      () => closing.acquire(),
      () => closing.dump(),
      () => closing.transaction(async () => {}),
      () => closing.stream('SELECT 1').next(),
    ]) {
      await expect(use()).rejects.toMatchObject({ code: 'CLOSED' });
    }
    expect(closing.stats).toMatchObject({ idleConnections: 0, usedConnections: 0 });
  });
});
