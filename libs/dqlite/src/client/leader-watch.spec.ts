/** Clients of a leader that stands still: its sockets stay open, and nothing comes out of them. */
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dial } from '../values.js';
import { dialTcp } from '../transport/index.js';
import { LeaderConnector, type DqliteClient } from './index.js';
import { startCluster, type TestCluster } from './node.fixture.js';

/** Longer than any test: what ends before did not end by its deadline. */
const DEADLINE_MS = 600_000;

let cluster: TestCluster | undefined;
let standing: Set<string>;
let streams: Map<Duplex, string>;
let client: DqliteClient;

beforeEach(async () => {
  standing = new Set();
  streams = new Map();
  cluster = await startCluster(3);
  client = cluster.client({ dial, silenceMs: 100, deadlineMs: DEADLINE_MS });
  await client.exec('CREATE TABLE t (n)');
  await client.exec('INSERT INTO t VALUES (1)');
});
afterEach(async () => {
  await cluster?.[Symbol.asyncDispose]();
  cluster = undefined;
});

/** The client's way to the nodes: nothing is read any more from one that stands still, old and new connections alike. */
const dial: Dial = async (address, signal) => {
  const stream = await dialTcp(address, signal);
  streams.set(stream, address);
  if (standing.has(address)) stream.pause();
  return stream;
};

/** Lets the leader stand still in the client's eyes, and another node lead. */
async function standStill(): Promise<{ readonly before: string; readonly after: string }> {
  const servers = cluster?.servers ?? (() => []);
  const leader = await new LeaderConnector({ dial: dialTcp, servers }).connect();
  const before = leader.address;
  standing.add(before);
  for (const [stream, address] of streams) if (address === before) stream.pause();
  const next = servers().find(({ address }) => address !== before);
  if (next === undefined) throw new Error('there is no other node');
  await leader.transfer(next.id).finally(() => leader.close());
  return { before, after: next.address };
}

describe('with a leader that stands still while another one leads', () => {
  it('a write learns that its outcome is unknown, and the next one succeeds', async () => {
    const { before, after } = await standStill();

    await expect(client.exec('INSERT INTO t VALUES (2)')).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining(
        `sent to ${before} may or may not have been committed (it did not answer, and ${after} leads by now)`,
      ),
    });
    await client.exec('INSERT INTO t VALUES (3)');

    const { rows } = await client.query('SELECT n FROM t WHERE n IN (1, 3) ORDER BY n');
    expect(rows).toEqual([[1], [3]]);
  });

  it('reads are answered by the new one', async () => {
    await client.query('SELECT n FROM t', [], { consistency: 'linearizable' });
    await standStill();

    const reads = await Promise.all([
      client.query('SELECT n FROM t'),
      client.query('SELECT n FROM t', [], { consistency: 'linearizable' }),
    ]);

    expect(reads.map(({ rows }) => rows)).toEqual([[[1]], [[1]]]);
  });

  it('a transaction had no effect, and may be run again', async () => {
    const lease = await client.acquire();
    await lease.begin();
    await lease.exec('INSERT INTO t VALUES (2)');
    await standStill();

    await expect(lease.query('SELECT n FROM t')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      retry: 'transaction',
      outcome: 'not-executed',
    });
    await lease.rollback();
    await lease.release();
    expect((await client.query('SELECT n FROM t')).rows).toEqual([[1]]);
  });
});

it('a slow statement of a node that leads all the while is left to it', async () => {
  const impatient = cluster?.client({ dial, silenceMs: 5 });
  const slow =
    'WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000) SELECT count(*) FROM c';
  const began = streams.size;

  expect((await impatient?.query(slow))?.rows).toEqual([[1_000_000]]);

  expect(impatient?.stats.retries).toBe(0);
  expect(streams.size, 'it was looked for another leader').toBeGreaterThan(began + 1);
});
