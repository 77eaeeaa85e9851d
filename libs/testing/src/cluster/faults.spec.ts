/** A cluster whose network is cut, whose members stand still, and which recovers. */
import { ClusterState } from '@microcluster/nest';
import type { DqliteDataSource } from '@microcluster/dqlite';
import { getDataSourceToken, getRepositoryToken } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Item, ItemsAppModule } from '../items.fixture.js';
import { TestCluster, type TestMember } from './index.js';

/** An election on a busy machine. */
const LIMIT_MS = 60_000;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.create(ItemsAppModule, { network: true });
}, 180_000);

afterAll(async () => {
  await cluster.close();
});

function itemsOf(member: TestMember): Repository<Item> {
  return member.get<Repository<Item>>(getRepositoryToken(Item));
}

/** Another leader than `before`, which its own side of the network knows. */
async function leaderOtherThan(before: TestMember): Promise<TestMember> {
  let leader = before;
  await cluster.until(async () => {
    leader = await cluster.leader();
    return leader.number !== before.number;
  }, LIMIT_MS);
  return leader;
}

/** Writes, again where a request had gone to the leader that was lost, whose answer nobody knows. */
async function write(member: TestMember, name: string): Promise<void> {
  await cluster.until(async () => {
    await itemsOf(member).save({ name });
    return true;
  }, LIMIT_MS);
}

describe('a cluster with a network of its own', () => {
  it('goes on without a leader that is cut off, which follows again after the healing', async () => {
    const cutOff = await cluster.leader();
    const others = cluster.members.map(({ number }) => number).filter((n) => n !== cutOff.number);
    cluster.partition([cutOff.number], others);
    const next = await leaderOtherThan(cutOff);
    await write(next, 'pen');

    expect(next.number).not.toBe(cutOff.number);

    cluster.heal();
    await cluster.until(
      async () => (await itemsOf(cutOff).countBy({ name: 'pen' })) >= 1,
      LIMIT_MS,
    );
  });

  it('goes on without a leader that stands still, which catches up when it goes on', async () => {
    const paused = await cluster.leader();
    const reader = cluster.running.find((member) => member !== paused);
    if (reader === undefined) throw new Error('there is no other member');
    await itemsOf(reader).count();
    cluster.pause(paused.number);
    expect(paused.state).toBe('paused');
    expect(cluster.running).not.toContain(paused);
    // It is on its way to the leader that stands still, and has time until the test ends.
    const read = reader
      .get<DqliteDataSource>(getDataSourceToken())
      .withOptions({ deadlineMs: 600_000 }, () => itemsOf(reader).count());
    const next = await leaderOtherThan(paused);
    await expect(read).resolves.toEqual(expect.any(Number));
    await write(next, 'ink');

    cluster.resume(paused.number);
    await cluster.until(
      async () => (await itemsOf(paused).countBy({ name: 'ink' })) >= 1,
      LIMIT_MS,
    );
  });

  it('takes longer to write when its leader is slow', async () => {
    const leader = await cluster.leader();
    cluster.slow(leader.number, { delayMs: 40 });
    const began = performance.now();
    await itemsOf(leader).save({ name: 'paper' });
    // The leader sends an entry, and a follower its confirmation.
    expect(performance.now() - began).toBeGreaterThan(80);
    cluster.heal();
    expect(await leader.get(ClusterState).isLeader(AbortSignal.timeout(LIMIT_MS))).toBe(true);
  });

  it('refuses what makes no sense', () => {
    expect(() => cluster.partition([1, 4])).toThrow('There is no member 4 to separate');
    expect(() => cluster.partition([1, 2], [2, 3])).toThrow('one group of a partition only');
    expect(() => cluster.slow(1, { delayMs: -1 })).toThrow('milliseconds from 0');
  });

  it('can be closed while a member is paused and another is cut off', () => {
    cluster.pause(1);
    cluster.partition([2], [3]);
    expect(cluster.running).toHaveLength(2);
  });
});

describe('a cluster without one', () => {
  it('says what to do', async () => {
    await using plain = await TestCluster.create(ItemsAppModule, { members: 1, form: false });
    expect(() => plain.partition([1])).toThrow('make the cluster with { network: true }');
    expect(() => plain.pause(1)).toThrow('make the cluster with { network: true }');
    expect(plain.member(1).state).toBe('running');
  });
});
