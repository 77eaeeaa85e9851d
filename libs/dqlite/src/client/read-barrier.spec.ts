/** Linearizable reads: confirmed by a majority or not answered at all. */
import { afterEach, describe, expect, it } from 'vitest';
import { isDqliteError } from '../errors/index.js';
import type { DqliteClient } from './index.js';
import { startCluster, type TestCluster } from './node.fixture.js';
import { BARRIER_DATABASE } from './read-barrier.js';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.[Symbol.asyncDispose]();
  cluster = undefined;
});

const LINEARIZABLE = { consistency: 'linearizable' } as const;

async function start(size: number): Promise<{ client: DqliteClient; passed(): Promise<number> }> {
  cluster = await startCluster(size);
  const client = cluster.client();
  await client.exec('CREATE TABLE t (n)');
  await client.exec('INSERT INTO t VALUES (1)');
  const barriers = cluster.client({ database: BARRIER_DATABASE });
  const passed = async (): Promise<number> => {
    const tables = await barriers.query("SELECT 1 FROM sqlite_master WHERE name = 'barrier'");
    if (tables.rows.length === 0) return 0;
    return Number((await barriers.query('SELECT passed FROM barrier')).rows[0]?.[0]);
  };
  return { client, passed };
}

describe('a linearizable read', () => {
  it('is preceded by a commit of its own, in every form; others are not', async () => {
    const { client, passed } = await start(1);
    await client.query('SELECT n FROM t');
    expect(await passed()).toBe(0);

    expect((await client.query('SELECT n FROM t', [], LINEARIZABLE)).rows).toEqual([[1]]);
    expect(await passed()).toBe(1);
    await client.exec('UPDATE t SET n = 2 WHERE n = 9', [], LINEARIZABLE);
    expect(await passed()).toBe(2);
    const stream = client.stream('SELECT n FROM t', [], LINEARIZABLE);
    for await (const { row } of stream) expect(row).toEqual([1]);
    expect(await passed()).toBe(3);
  });

  it('costs a transaction one commit, however much it reads, and needs no right to write', async () => {
    const { client, passed } = await start(1);
    const writer = await client.acquire({ write: true });
    await writer.begin();
    await writer.exec('INSERT INTO t VALUES (2)');

    const counts = await client.transaction(
      async (lease) => {
        const first = await lease.query('SELECT count(*) FROM t', [], LINEARIZABLE);
        const second = await lease.query('SELECT count(*) FROM t', [], LINEARIZABLE);
        return [first.rows, second.rows];
      },
      { mode: 'deferred', ...LINEARIZABLE },
    );

    expect(counts).toEqual([[[1]], [[1]]]);
    expect(await passed()).toBe(1);
    await writer.release();
  });

  it('shares its commit with those that come while another one is under way', async () => {
    const { client, passed } = await start(1);

    await Promise.all(
      Array.from({ length: 40 }, () => client.query('SELECT n FROM t', [], LINEARIZABLE)),
    );

    // Connections are made meanwhile, so that the reads reach the barrier in a few groups.
    expect(await passed()).toBeLessThan(20);
  });

  it('is not answered by a leader without a majority, which still answers the others', async () => {
    const { client } = await start(3);
    await client.query('SELECT n FROM t', [], LINEARIZABLE);
    const leader = await client.acquire();
    const { rows } = await leader.query('SELECT n FROM t');
    await cluster?.stopFollowers();

    const stale = await leader.query('SELECT n FROM t', [], { deadlineMs: 1000 });
    const fresh = leader.query('SELECT n FROM t', [], { ...LINEARIZABLE, deadlineMs: 1000 });

    expect(stale.rows).toEqual(rows);
    await expect(fresh).rejects.toSatisfy((error) => isDqliteError(error, 'TIMEOUT', 'NO_LEADER'));
    await leader.release();
  });

  it('goes on with the next leader', async () => {
    const { client } = await start(3);
    await client.query('SELECT n FROM t', [], LINEARIZABLE);
    await cluster?.stopLeader();

    const { rows } = await client.query('SELECT n FROM t', [], {
      ...LINEARIZABLE,
      deadlineMs: 60_000,
    });

    expect(rows).toEqual([[1]]);
  });
});
