/** What a cluster of five is worth while members of it are behind a firewall that drops packets. */
import { Module } from '@nestjs/common';
import { MicroclusterModule } from '@microcluster/nest';
import type { ClusterMember } from '@microcluster/nest/client';
import { TestCluster } from '@microcluster/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BlackHole } from '../support/black-hole.js';
import { eventually } from '../support/eventually.js';

const LIMIT_MS = 120_000;
/** Five applications in one process take their time where the machine is busy. */
const FORM_LIMIT_MS = 360_000;
/** What a person waits for the list of members at most (`GET /core/1.0/cluster`), milliseconds. */
const PATIENCE_MS = 3_000;
const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5'];

@Module({ imports: [MicroclusterModule.forRoot({ version: '1.0.0' })] })
class Application {}

let cluster: TestCluster;
const holes: BlackHole[] = [];
const lost: string[] = [];

beforeAll(async () => {
  cluster = await TestCluster.create(Application, { members: 5, limitMs: FORM_LIMIT_MS });
}, FORM_LIMIT_MS);
afterAll(async () => {
  for (const hole of holes) await hole[Symbol.asyncDispose]();
  await cluster.close();
});

/** Takes members away in a way that nobody tells the others of. */
async function lose(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const number = NAMES.indexOf(name) + 1;
    await cluster.kill(number);
    holes.push(await BlackHole.at(cluster.member(number).address));
    lost.push(name);
  }
}

/** The members as the first one lists them in time, once it has a leader to ask, or knows that it has none. */
async function listed(table: 'current' | 'earlier'): Promise<ClusterMember[]> {
  return eventually(`a list by the ${table} table`, LIMIT_MS, async () => {
    let age: unknown;
    const begun = performance.now();
    const members = await cluster.member(1).client.clusterMembers({
      onHeaders: (headers) => {
        age = headers['age'];
      },
    });
    expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);
    expect(age === undefined ? 'current' : 'earlier').toBe(table);
    expect(String(age ?? '0')).toMatch(/^\d+$/);
    expect(members.map(({ name, status }) => [name, status])).toEqual(
      NAMES.map((name) => [name, lost.includes(name) ? 'UNREACHABLE' : 'ONLINE']),
    );
    return members;
  });
}

it('lists its members within three seconds, and says who cannot be reached and since when', async () => {
  const roles = await eventually('three voters and two stand-bys', LIMIT_MS, async () => {
    const members = await listed('current');
    const having = (role: string) => members.filter((member) => member.role === role);
    expect([having('voter').length, having('stand-by').length]).toEqual([3, 2]);
    return { voters: having('voter'), standBys: having('stand-by') };
  });
  // Two voters are left, and it is the successor of the third that is lost with it.
  const voter = roles.voters.find(({ name }) => name !== 'n1');
  const [standBy] = roles.standBys;
  await lose([voter, standBy].flatMap((member) => member?.name ?? []));
  expect(lost).toHaveLength(2);

  const members = await listed('current');
  const ago = (time: Date) => Date.now() - time.getTime();
  for (const { last_heartbeat } of members.filter(({ name }) => lost.includes(name))) {
    expect(ago(last_heartbeat)).toBeGreaterThan(0);
    expect(ago(last_heartbeat)).toBeLessThan(LIMIT_MS);
  }
});

it('can be written by its majority, and makes tokens', async () => {
  const { client } = cluster.member(1);
  const token = await client.issueToken({ name: 'n6', expire_after: 0n });
  expect(token).not.toBe('');
});

it('lists its members as fast without a majority, and says how old its knowledge is', async () => {
  await lose(NAMES.filter((name) => name !== 'n1' && !lost.includes(name)));

  const members = await listed('earlier');
  expect(members.filter(({ role }) => role === 'voter').length).toBeGreaterThanOrEqual(3);
});
