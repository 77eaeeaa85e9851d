/** The client on servers that are not ours: Debian's `dqlite-demo`, killed while we write. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { isDqliteError } from '../errors/index.js';
import { freeAddress, temporaryDirectory } from '../native/node.fixture.js';
import { dialTcp } from '../transport/index.js';
import type { NodeInfo } from '../values.js';
import { DqliteClient, DqliteConnection, LeaderConnector } from './index.js';

const DEMO = '/usr/bin/dqlite-demo';

const cleanUps: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function startDemo(
  join: readonly string[],
): Promise<{ address: string; child: ChildProcess }> {
  const directory = temporaryDirectory();
  const address = await freeAddress();
  const joining = join.flatMap((peer) => ['--join', peer]);
  const child = spawn(
    DEMO,
    ['--api', await freeAddress(), '--db', address, '--dir', directory.path, ...joining],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  cleanUps.push(async () => {
    child.kill('SIGKILL');
    await ended;
    directory.remove();
  });
  return { address, child };
}

async function votersOf(address: string): Promise<number> {
  const connection = await DqliteConnection.connect({ dial: dialTcp, address });
  try {
    return (await connection.cluster()).filter(({ role }) => role === 'voter').length;
  } finally {
    connection.close();
  }
}

describe.skipIf(!existsSync(DEMO))("Go's servers (install go-dqlite to run this)", () => {
  it('lose their leader to SIGKILL, and every acknowledged write is still there', async () => {
    const first = await startDemo([]);
    await expect.poll(() => votersOf(first.address).catch(() => 0)).toBe(1);
    const others = [await startDemo([first.address]), await startDemo([first.address])];
    await expect.poll(() => votersOf(first.address)).toBe(3);
    const nodes = [first, ...others];
    const servers = (): Pick<NodeInfo, 'address' | 'role'>[] =>
      nodes.map(({ address }) => ({ address, role: 'voter' }));
    const client = new DqliteClient({
      dial: dialTcp,
      servers,
      database: 'test',
      deadlineMs: 60_000,
    });
    cleanUps.push(() => client.close());
    await client.exec('CREATE TABLE t (n)');

    const acknowledged: number[] = [];
    const unknown: number[] = [];
    const write = async (from: number): Promise<void> => {
      for (let n = from; n < from + 100; n++) {
        try {
          await client.exec('INSERT INTO t VALUES (?)', [n]);
          acknowledged.push(n);
        } catch (error) {
          if (!isDqliteError(error, 'OUTCOME_UNKNOWN')) throw error;
          unknown.push(n);
        }
      }
    };
    const writers = [write(0), write(1000)];
    await expect.poll(() => acknowledged.length).toBeGreaterThan(20);
    const leader = await new LeaderConnector({ dial: dialTcp, servers }).connect();
    leader.close();
    nodes.find(({ address }) => address === leader.address)?.child.kill('SIGKILL');
    await Promise.all(writers);

    const { rows } = await client.query('SELECT n, count(*) FROM t GROUP BY n');
    const stored = new Set(rows.map(([n]) => n));
    expect(acknowledged.filter((n) => !stored.has(n))).toEqual([]);
    expect(rows.filter(([, count]) => count !== 1)).toEqual([]);
    expect(acknowledged.length + unknown.length).toBe(200);
    expect(unknown.length).toBeLessThanOrEqual(1); // Only the write that was on its way.
  });
});
