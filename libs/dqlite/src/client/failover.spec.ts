/** The client on three nodes, while they change their leader or disappear. */
import { afterEach, describe, expect, it } from 'vitest';
import { dialTcp } from '../transport/index.js';
import { isDqliteError } from '../errors/index.js';
import { LeaderConnector } from './index.js';
import { startCluster, type TestCluster } from './node.fixture.js';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.[Symbol.asyncDispose]();
  cluster = undefined;
});

describe('the leader connector', () => {
  it('finds the leader from any member, and after a transfer the new one', async () => {
    cluster = await startCluster(3);
    const connector = new LeaderConnector({ dial: dialTcp, servers: cluster.servers });
    const first = await connector.connect();
    const [next] = cluster.nodes.filter(({ info }) => info.address !== first.address);
    expect(connector.lastLeader).toBe(first.address);

    await first.transfer(next?.info.id ?? 0n);
    await expect
      .poll(async () => {
        const connection = await connector.connect();
        connection.close();
        return connection.address;
      })
      .toBe(next?.info.address);
    first.close();
  });

  it('says which servers it asked when there is no leader', async () => {
    const connector = new LeaderConnector({
      dial: dialTcp,
      servers: () => [{ address: '127.0.0.1:1', role: 'voter' }],
    });

    await expect(connector.connect({ deadlineMs: 100 })).rejects.toMatchObject({
      code: 'NO_LEADER',
      message: /127\.0\.0\.1:1 /,
    });
  });

  it('gives up at once when it is cancelled', async () => {
    const connector = new LeaderConnector({ dial: dialTcp, servers: () => [] });
    const cancel = new AbortController();
    const search = connector.connect(cancel.signal);
    cancel.abort();

    await expect(search).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('the client', () => {
  it('follows the leader through transfers: no write fails, none is lost or done twice', async () => {
    cluster = await startCluster(3);
    const client = cluster.client();
    await client.exec('CREATE TABLE t (n)');
    const connector = new LeaderConnector({ dial: dialTcp, servers: cluster.servers });
    const unknown: number[] = [];
    const write = async (from: number): Promise<void> => {
      for (let n = from; n < from + 40; n++) {
        await client.exec('INSERT INTO t VALUES (?)', [n]).catch((error: unknown) => {
          if (!isDqliteError(error, 'OUTCOME_UNKNOWN')) throw error;
          unknown.push(n);
        });
      }
    };
    const transfer = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const leader = await connector.connect();
        await leader.transfer(0n).finally(() => leader.close());
        await client.query('SELECT count(*) FROM t');
      }
    };

    await Promise.all([write(0), write(1000), write(2000), write(3000), transfer()]);

    const { rows } = await client.query('SELECT n, count(*) FROM t GROUP BY n');
    const missing = 160 - rows.length;
    expect(missing).toBeLessThanOrEqual(unknown.length);
    expect(rows.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it('goes on when the leader stops, and says so where it cannot know', async () => {
    cluster = await startCluster(3);
    const client = cluster.client();
    await client.exec('CREATE TABLE t (n)');
    const written: number[] = [];
    const write = async (from: number): Promise<void> => {
      for (let n = from; n < from + 30; n++) {
        await client.exec('INSERT INTO t VALUES (?)', [n]).then(
          () => written.push(n),
          (error: unknown) => {
            if (!isDqliteError(error, 'OUTCOME_UNKNOWN')) throw error;
          },
        );
      }
    };

    const writers = [write(0), write(1000)];
    await expect.poll(() => written.length).toBeGreaterThan(5);
    await cluster.stopLeader();
    await Promise.all(writers);

    const { rows } = await client.query('SELECT n FROM t');
    const stored = new Set(rows.map(([n]) => n));
    expect(written.filter((n) => !stored.has(n))).toEqual([]);
    expect(rows).toHaveLength(stored.size);
  });

  it('reports a transaction that lost its leader as safe to run again, and runs it again if it may', async () => {
    cluster = await startCluster(3);
    const client = cluster.client();
    await client.exec('CREATE TABLE t (n)');
    const lease = await client.acquire();
    await lease.begin();
    await lease.exec('INSERT INTO t VALUES (1)');
    const stopped = cluster.stopLeader();

    await expect(
      (async () => {
        for (;;) await lease.query('SELECT 1');
      })(),
    ).rejects.toMatchObject({ retry: 'transaction', outcome: 'not-executed' });
    await lease.rollback();
    await lease.release();
    await stopped;

    let runs = 0;
    await client.transaction(async (tx) => {
      runs++;
      await tx.exec('INSERT INTO t VALUES (2)');
    });
    expect(runs).toBeGreaterThanOrEqual(1);
    expect((await client.query('SELECT n FROM t')).rows).toEqual([[2]]);
  });

  it('lets nobody see a busy database, also when two members write', async () => {
    cluster = await startCluster(3);
    const clients = [cluster.client(), cluster.client()];
    await clients[0]?.exec('CREATE TABLE t (n)');

    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = 0; i < 5; i++) {
          await clients[writer % 2]?.exec('INSERT INTO t VALUES (?)', [writer]);
        }
      }),
    );

    expect((await clients[1]?.query('SELECT count(*) FROM t'))?.rows).toEqual([[80]]);
  });

  it('refuses to demote or remove the only voter', async () => {
    cluster = await startCluster(3);
    const leader = await new LeaderConnector({ dial: dialTcp, servers: cluster.servers }).connect();
    const members = await leader.cluster();
    const self = members.find(({ address }) => address === leader.address);
    for (const { id } of members) if (id !== self?.id) await leader.assign(id, 'spare');

    const id = self?.id ?? 0n;
    await expect(leader.assign(id, 'stand-by')).rejects.toMatchObject({ code: 'LAST_VOTER' });
    await expect(leader.remove(id)).rejects.toMatchObject({ code: 'LAST_VOTER' });
    await expect(leader.add(id, leader.address)).rejects.toMatchObject({
      code: 'MEMBERSHIP',
      serverMessage: 'server ID already in use',
    });
    leader.close();
  });
});
