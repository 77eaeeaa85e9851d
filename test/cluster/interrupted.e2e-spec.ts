/** A daemon killed with SIGKILL in the middle of its bootstrap or join: started again, it can simply be repeated. */
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { overSocket } from '../support/requests.js';

/** How long after the request the daemon is killed, milliseconds: through all steps of both operations. */
const KILLED_AFTER = [0, 80, 300];

describe('a bootstrap that is killed', () => {
  it.for(KILLED_AFTER)('after %i ms can be repeated', async (delay) => {
    await using cluster = await TestCluster.prepare(1);
    const member = cluster.member(1);
    await member.start();
    await initialiseAndKill(member, { bootstrap: true }, delay);
    await member.start();
    await completeOnce(member, async () => {
      await member.control('init', member.name, member.address, '--bootstrap');
    });
    await cluster.settled();
    expect(await trusted(member)).toEqual([member.name]);
  });
});

describe('a join that is killed', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.prepare(KILLED_AFTER.length + 1);
    await Promise.all(cluster.members.map((member) => member.start()));
    const first = cluster.member(1);
    await first.control('init', first.name, first.address, '--bootstrap');
  });
  afterAll(() => cluster.close());

  it.for(KILLED_AFTER.map((delay, at) => [delay, at + 2] as const))(
    'after %i ms can be repeated with the same token',
    async ([delay, number]) => {
      const joiner = cluster.member(number);
      const token = (await cluster.member(1).control('tokens', 'add', joiner.name)).trim();
      await initialiseAndKill(joiner, { join_token: token }, delay);
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

/** Sends the request and kills the daemon while it is being served, or just after. */
async function initialiseAndKill(
  member: Daemon,
  request: { bootstrap: true } | { join_token: string },
  delay: number,
): Promise<void> {
  const { name, address, socketPath } = member;
  const answered = overSocket(socketPath, 'POST', '/core/control', { name, address, ...request });
  answered.catch(() => undefined); // the daemon dies before it answers
  await sleep(delay);
  await member.kill();
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
