/** The life of a cluster of real processes: forming, roles, restarts of one and of all, the loss of the leader. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { Load } from '../support/load.js';

const LIMIT_MS = 120_000;
const items = z.array(z.object({ name: z.string() }));

describe('a cluster of three', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.prepare(3, { args: ['--drain-timeout', '30s'] });
    await Promise.all(cluster.members.map((member) => member.start()));
  });
  afterAll(() => cluster.close());

  it('begins as one voter', async () => {
    const first = cluster.member(1);
    await first.bootstrap();
    await cluster.until('one voter', rolesAre('voter'));
    await create(first, 'of one');
    expect(await listed(first)).toEqual(['of one']);
  });

  it('has one voter and one spare when it has two members', async () => {
    const second = cluster.member(2);
    await cluster.join(second);
    await cluster.until('a voter and a spare', rolesAre('voter', 'spare'));
    await create(second, 'of two');
    expect(await listed(cluster.member(1))).toEqual(['of one', 'of two']);
  });

  it('has three voters when it has three members, whoever issued the token', async () => {
    const third = cluster.member(3);
    await cluster.join(third, cluster.member(2));
    await cluster.settled();
    await create(third, 'of three');
    for (const member of cluster.members) {
      expect(await listed(member)).toEqual(['of one', 'of two', 'of three']);
    }
  });

  it('shows the same members on every member, over socket and TLS', async () => {
    const tables = await Promise.all([
      ...cluster.members.map((member) => member.request('GET', '/core/1.0/cluster')),
      ...cluster.members.map((member) =>
        member.requestTls(cluster.member(1), 'GET', '/core/1.0/cluster'),
      ),
    ]);
    for (const table of tables) expect(identities(table.metadata)).toEqual(['c1', 'c2', 'c3']);
  });

  it('keeps the same trust store on every member', async () => {
    await eventually('equal trust stores', LIMIT_MS, async () => {
      for (const name of ['c1', 'c2', 'c3']) {
        const files = await Promise.all(
          cluster.members.map((member) => member.file(`truststore/${name}.yaml`)),
        );
        expect(new Set(files).size).toBe(1);
      }
    });
  });

  it('has every member answer when one is asked to ask them all, here or elsewhere', async () => {
    const [first, second, third] = [cluster.member(1), cluster.member(2), cluster.member(3)];
    const answer = (member: Daemon, from: Daemon) =>
      `cluster member at address "${member.address}" received message "Testing 1 2 3..." from cluster member at address "${from.address}"`;
    const lines = async (...address: string[]) =>
      (await first.control('extended', ...address)).trimEnd().split('\n').toSorted();
    expect(await lines()).toEqual([answer(second, first), answer(third, first)].toSorted());
    expect(await lines(second.address)).toEqual(
      [answer(first, second), answer(third, second)].toSorted(),
    );
  });

  it('goes on while one member restarts', async () => {
    const [first, second] = [cluster.member(1), cluster.member(2)];
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    await create(first, 'while c2 was away');
    await second.start();
    expect(await listed(second)).toContain('while c2 was away');
    await cluster.settled();
  });

  it('elects another leader when the leader is killed, and takes it back', async () => {
    const leader = await cluster.leader();
    const survivors = cluster.members.filter((member) => member !== leader);
    const [survivor] = survivors;
    if (!survivor) throw new Error('there is no survivor');
    await leader.kill();
    await eventually('a write to be accepted', LIMIT_MS, () => create(survivor, 'after the kill'));
    const next = await cluster.leader(survivors);
    expect(next).not.toBe(leader);
    await leader.start();
    expect(await listed(leader)).toContain('after the kill');
    await cluster.settled();
  });

  it('comes back when all were killed at once', async () => {
    await Promise.all(cluster.members.map((member) => member.kill()));
    await Promise.all(cluster.members.map((member) => member.start()));
    await cluster.settled();
    await create(cluster.member(1), 'after all were killed');
    expect(await listed(cluster.member(3))).toContain('after all were killed');
  });

  it('comes back when all were stopped, in another order than they stopped in', async () => {
    const [first, second, third] = [cluster.member(1), cluster.member(2), cluster.member(3)];
    for (const member of [first, second, third]) {
      expect(await member.stop()).toEqual({ code: 0, signal: null });
    }
    // The first to come finds no majority; it must wait for the others instead of giving up.
    await Promise.all([first, third, second].map((member) => member.start()));
    await cluster.settled();
    await create(third, 'after all were stopped');
    expect(await listed(first)).toContain('after all were stopped');
  });

  it('hands leadership over when the leader stops by the API', async () => {
    const leader = await cluster.leader();
    const others = cluster.members.filter((member) => member !== leader);
    const answer = await leader.request('POST', '/core/control/shutdown');
    expect(answer.text).toBe(
      '{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":{}}\n',
    );
    const [other] = others;
    if (!other) throw new Error('nobody is left');
    await create(other, 'after the hand-over');
    expect(await leader.exit()).toEqual({ code: 0, signal: null });
    // No election had to time out.
    expect(await leader.log()).toContain('database-leadership-transferred');
    await leader.gone();
    await leader.start();
    await cluster.settled();
  });

  it('answers whoever was let in when it stops under load', async () => {
    const leader = await cluster.leader();
    const [other] = cluster.members.filter((member) => member !== leader);
    if (!other) throw new Error('nobody is left');
    const load = await Load.on(leader, other, 8);
    await eventually('the load to be on', LIMIT_MS, () => {
      if (load.successes < 20) throw new Error(`${load.successes} requests succeeded`);
    });
    await leader.control('shutdown');
    expect(await leader.exit()).toEqual({ code: 0, signal: null });
    const outcomes = await load.end();
    expect(outcomes.filter(({ kind }) => kind === 'cut')).toEqual([]);
    const failures = outcomes.filter((one) => one.kind === 'answered' && one.status !== 200);
    expect(failures.map((one) => one.kind === 'answered' && one.status)).toEqual(
      failures.map(() => 503),
    );
    await create(other, 'after the load');
  });
});

function rolesAre(...roles: readonly string[]) {
  return (rows: readonly { role: string }[]) =>
    JSON.stringify(rows.map(({ role }) => role)) === JSON.stringify(roles);
}

async function create(member: Daemon, name: string): Promise<void> {
  const answer = await member.request('POST', '/1.0/items', { name });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.error}`);
}

async function listed(member: Daemon): Promise<string[]> {
  const answer = await member.request('GET', '/1.0/items');
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.error}`);
  return items.parse(answer.metadata).map(({ name }) => name);
}

function identities(metadata: unknown): string[] {
  return items.parse(metadata).map(({ name }) => name);
}
