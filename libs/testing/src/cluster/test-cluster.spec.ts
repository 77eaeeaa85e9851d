/** A cluster of three members in this process: formed, written to, and losing members. */
import { loadavg } from 'node:os';
import { getRepositoryToken } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Diary, Item, ItemsAppModule } from '../items.fixture.js';
import { TestCluster } from './index.js';

/** On a machine that is busy with other things, a time says nothing. */
const [load = Infinity] = loadavg();
const isQuiet = load < 1;

let cluster: TestCluster;
let tookMs: number;

beforeAll(async () => {
  const before = performance.now();
  cluster = await TestCluster.create(ItemsAppModule, { config: { site: 'north' } });
  tookMs = performance.now() - before;
}, 180_000);

afterAll(async () => {
  await cluster.close();
});

function itemsOf(number: number): Repository<Item> {
  return cluster.member(number).get<Repository<Item>>(getRepositoryToken(Item));
}

describe('a test cluster', () => {
  it.runIf(isQuiet)('is up in less than five seconds', () => {
    expect(tookMs).toBeLessThan(5_000);
  });

  it('has members of its own names, addresses and directories', async () => {
    const members = await cluster.member(1).client.clusterMembers();
    expect(members.map(({ name, address }) => ({ name, address }))).toEqual(
      cluster.members.map(({ name, address }) => ({ name, address })),
    );
    expect(new Set(cluster.members.map((member) => member.stateDir)).size).toBe(3);
    expect(() => cluster.member(4)).toThrow('There is no member 4; the cluster has 3');
  });

  it('ran the hooks of the application', () => {
    expect(cluster.member(1).get(Diary).entries).toEqual([
      'bootstrapped north',
      'n2 joined',
      'n3 joined',
    ]);
  });

  it('replicates what one member writes', async () => {
    await itemsOf(2).save({ name: 'pen' });
    await cluster.until(async () => (await itemsOf(3).countBy({ name: 'pen' })) === 1);
    const answer = await cluster
      .member(3)
      .inject({ listener: 'core', peer: { name: 'n2' }, url: '/1.0/items' });
    expect(answer.json()).toMatchObject({ metadata: [{ name: 'pen' }] });
  });

  it('finds another leader after a kill, and the killed member comes back', async () => {
    const killed = await cluster.leader();
    await cluster.kill(killed.number);
    expect(killed.state).toBe('killed');
    expect(() => killed.app).toThrow(`Member ${killed.name} is killed`);
    const next = await cluster.leader();
    expect(next.number).not.toBe(killed.number);
    await itemsOf(next.number).save({ name: 'ink' });

    await cluster.start(killed.number);
    expect(await itemsOf(killed.number).countBy({ name: 'ink' })).toBe(1);
  });

  it('hands leadership over when the leader stops', async () => {
    const stopped = await cluster.leader();
    await cluster.stop(stopped.number);
    expect(stopped.state).toBe('stopped');
    expect(stopped.logs()).toContain('leadership-transferred');
    const next = await cluster.leader();
    await itemsOf(next.number).save({ name: 'paper' });
    await cluster.start(stopped.number);
    expect(await itemsOf(stopped.number).countBy({ name: 'paper' })).toBe(1);
  });
});
