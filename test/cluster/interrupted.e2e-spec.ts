/**
 * A daemon killed with SIGKILL in the middle of its bootstrap or join: started again, it can simply be repeated. All
 * points of both, in one process, are in `test/failpoints`. And one that is killed while its start makes it forget a
 * cluster that has removed it: the next start does. `ALL_FAILPOINTS=1` takes all points of that.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FAILPOINTS_BY_OPERATION, type Failpoint } from '@microcluster/nest/testing-seam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointsOf } from '../failpoints/points.js';
import { isUninitialised } from '../membership/records.js';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { REPOSITORY } from '../support/programs.js';
import { overSocket } from '../support/requests.js';

/** A `microd` that can be told where to kill itself. */
const program = join(REPOSITORY, 'test/failpoints/microd.mjs');

const IN_BOOTSTRAP: readonly Failpoint[] = [
  'bootstrap:trust-stored',
  'bootstrap:database-opened',
  'bootstrap:note-removed',
];
const IN_JOIN: readonly Failpoint[] = ['join:admitted', 'join:announced', 'join:note-removed'];

describe('a bootstrap that is killed', () => {
  it.each(IN_BOOTSTRAP)('at %s can be repeated', async (point) => {
    await using cluster = await TestCluster.prepare(1, { program });
    const member = cluster.member(1);
    await member.start();
    await initialiseAndKill(member, { bootstrap: true }, point);
    await member.start();
    await completeOnce(member, async () => {
      await member.control('init', member.name, member.address, '--bootstrap');
    });
    await cluster.settled();
    expect(await trusted(member)).toEqual([member.name]);
  });
});

describe('with a running member', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.prepare(IN_JOIN.length + 1, { program });
    await Promise.all(cluster.members.map((member) => member.start()));
    const first = cluster.member(1);
    await first.control('init', first.name, first.address, '--bootstrap');
  });
  afterAll(() => cluster.close());

  describe('a join that is killed', () => {
    it.each(IN_JOIN.map((point, at) => [point, at + 2] as const))(
      'at %s can be repeated with the same token',
      async (point, number) => {
        const joiner = cluster.member(number);
        const token = (await cluster.member(1).control('tokens', 'add', joiner.name)).trim();
        await initialiseAndKill(joiner, { join_token: token }, point);
        await joiner.start();
        await completeOnce(joiner, async () => {
          await joiner.control('init', joiner.name, joiner.address, '--token', token);
        });
        const rows = await cluster.table(joiner);
        expect(rows.map(({ name }) => name)).toContain(joiner.name);
        expect(await trusted(joiner)).toEqual(rows.map(({ name }) => name));
      },
    );

    it('leaves no ghost behind', async () => {
      await cluster.until('every member to be online with a role', (rows) =>
        rows.every(({ role, status }) => status === 'ONLINE' && role !== 'PENDING' && role !== ''),
      );
      const first = cluster.member(1);
      const rows = await cluster.table();
      expect(rows.map(({ name }) => name)).toEqual(cluster.members.map(({ name }) => name));
      const nodes = await first.file('database/cluster.yaml');
      expect(nodes.match(/Address:/g)).toHaveLength(cluster.members.length);
    });
  });

  describe('a member that was removed while it was away', () => {
    beforeAll(async () => {
      const rows = await cluster.table();
      const strangers = cluster.members.filter(
        ({ name }) => !rows.some((row) => row.name === name),
      );
      for (const joiner of strangers) await cluster.join(joiner);
    });

    it.each(pointsOf(FAILPOINTS_BY_OPERATION.reset, 'reset:wiped'))(
      'and is killed at %s of its start is no member after the next, and can join again',
      async (point) => {
        const [first, removed] = [cluster.member(1), cluster.member(IN_JOIN.length + 1)];
        await removed.kill();
        await first.control('cluster', 'remove', removed.name, '--force');
        await writeFile(`${removed.stateDir}.failpoint`, point);
        removed.spawn();
        expect(await removed.exit()).toEqual({ code: null, signal: 'SIGKILL' });
        await removed.gone();
        await removed.start();
        await isUninitialised(removed);
        // Where it was killed before its first heartbeat, its token has come back.
        await first.tryControl('tokens', 'revoke', removed.name);
        await cluster.join(removed);
        const rows = await cluster.table(removed);
        expect(rows.map(({ name }) => name)).toEqual(cluster.members.map(({ name }) => name));
      },
    );
  });
});

/** Sends the request, which kills the daemon at the point. */
async function initialiseAndKill(
  member: Daemon,
  request: { bootstrap: true } | { join_token: string },
  point: Failpoint,
): Promise<void> {
  const { name, address, socketPath, stateDir } = member;
  await writeFile(`${stateDir}.failpoint`, point);
  const answered = overSocket(socketPath, 'POST', '/core/control', { name, address, ...request });
  answered.catch(() => undefined); // the daemon dies before it answers
  expect(await member.exit()).toEqual({ code: null, signal: 'SIGKILL' });
  await member.gone();
  await answered.catch(() => undefined);
}

/** Where the operation had been completed before the kill, the daemon is a member already. */
async function completeOnce(member: Daemon, initialise: () => Promise<void>): Promise<void> {
  const answer = await member.request('GET', '/core/1.0/cluster');
  if (answer.status === 200) return;
  expect(answer.error).toBe('Database is not yet initialized');
  await initialise();
}

async function trusted(member: Daemon): Promise<string[]> {
  const files = await readdir(`${member.stateDir}/truststore`);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace('.yaml', ''))
    .sort();
}
