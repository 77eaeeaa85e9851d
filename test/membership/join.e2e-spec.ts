/** Joining real clusters in bad circumstances: members down or silent, many at once, joiners and leaders that die. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';
import { expectRecords } from './records.js';
import { lostVotes, VoterSamples } from './voter-samples.js';

const LIMIT_MS = 120_000;

let cluster: TestCluster | undefined;

afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

/** `formed` members in a cluster and the rest running, uninitialised. */
async function prepared(formed: number, total: number): Promise<TestCluster> {
  cluster = await TestCluster.prepare(total);
  await Promise.all(cluster.members.map((member) => member.start()));
  const first = cluster.member(1);
  await first.control('init', first.name, first.address, '--bootstrap');
  for (const joiner of cluster.members.slice(1, formed)) await cluster.join(joiner);
  return cluster;
}

describe('a join', () => {
  it.each(['killed', 'silent'] as const)('succeeds while a member is %s', async (how) => {
    const { members, member } = await bound(await prepared(3, 4));
    await expectRecords(members.slice(0, 3), ['c1', 'c2', 'c3']);
    if (how === 'killed') await member(3).kill();
    else member(3).signal('SIGSTOP');
    const token = (await member(1).control('tokens', 'add', 'c4')).trim();
    // The client's limit: who waited for each answer of the one that is away would need longer.
    const join = ['init', 'c4', member(4).address, '--token', token, '--timeout', '2m'];
    expect(await member(4).tryControl(...join)).toMatchObject({ code: 0, err: '' });
    if (how === 'killed') await member(3).start();
    else member(3).signal('SIGCONT');
    await expectRecords(members, ['c1', 'c2', 'c3', 'c4']);
  });

  it('that dies leaves nothing behind, and its token can be used again', async () => {
    const { members, member } = await bound(await prepared(1, 2));
    const token = (await member(1).control('tokens', 'add', 'c2')).trim();
    const joiner = member(2);
    const join = ['init', joiner.name, joiner.address, '--token', token] as const;
    const dying = joiner.tryControl(...join);
    // Wherever it is by then: the moment differs from run to run.
    await pause(300 + Math.random() * 1_500);
    await joiner.kill();
    await dying;
    await joiner.start();
    const info = await joiner.request('GET', '/core/1.0');
    expect(info.status).toBe(200);
    if (info.text.includes('"ready":false')) {
      await expectRecords(members.slice(0, 1), ['c1']);
      await joiner.control(...join);
    }
    await expectRecords(members, ['c1', 'c2']);
  });

  it('survives the death of the leader in its middle', async () => {
    const { members, leader, member } = await bound(await prepared(3, 4));
    await cluster?.until('three voters', (rows) => rows.every((row) => row.role === 'voter'));
    const dying = await leader(members.slice(0, 3));
    const [alive] = members.slice(0, 3).filter((candidate) => candidate !== dying);
    if (!alive) throw new Error('nobody is alive');
    const joiner = member(4);
    const token = (await alive.control('tokens', 'add', 'c4')).trim();
    const joining = joiner.tryControl('init', 'c4', joiner.address, '--token', token);
    await pause(300 + Math.random() * 1_000);
    await dying.kill();
    const { code, err } = await joining;
    expect(code === 0).toBe(err === '');
    await dying.start();
    if (code !== 0) {
      // It was refused, but then it left nothing and can be repeated.
      await expectRecords(members.slice(0, 3), ['c1', 'c2', 'c3']);
      await joiner.control('init', 'c4', joiner.address, '--token', token);
    }
    await expectRecords(members, ['c1', 'c2', 'c3', 'c4']);
  });
});

it(
  'ten members that join at once all succeed, and no vote is lost meanwhile',
  { timeout: 400_000 },
  async () => {
    const { members, member } = await bound(await prepared(1, 10));
    const joiners = members.slice(1);
    const tokens: string[] = [];
    for (const { name } of joiners) {
      tokens.push((await member(1).control('tokens', 'add', name)).trim());
    }
    await using sampling = new VoterSamples(member(1));
    const results = await Promise.all(
      joiners.map((joiner, at) =>
        joiner.tryControl('init', joiner.name, joiner.address, '--token', tokens[at] ?? ''),
      ),
    );
    expect(results.map(({ err }) => err)).toEqual(joiners.map(() => ''));
    await eventually('all to agree', LIMIT_MS, () =>
      expectRecords(
        members,
        members.map(({ name }) => name),
      ),
    );
    await cluster?.until(
      'three voters',
      (rows) => rows.filter(({ role }) => role === 'voter').length === 3,
    );
    const samples = await sampling.end();
    const sizes = new Set(samples.map(({ size }) => size));
    expect(sizes.size, 'looks at sizes of the cluster').toBeGreaterThan(3);
    expect(lostVotes(samples)).toEqual([]);
    expect(samples.at(-1)).toMatchObject({ voters: 3 });
  },
);

async function bound(formed: TestCluster) {
  return {
    members: formed.members,
    member: (number: number) => formed.member(number),
    leader: (running: Parameters<TestCluster['leader']>[0]) => formed.leader(running),
  };
}
