/** What a cluster of five is worth while two of its members are behind a firewall that drops packets. */
import { Module } from '@nestjs/common';
import { MicroclusterModule } from '@microcluster/nest';
import { TestCluster } from '@microcluster/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BlackHole } from '../support/black-hole.js';
import { eventually } from '../support/eventually.js';

const LIMIT_MS = 60_000;
/** Five applications in one process take their time where the machine is busy. */
const FORM_LIMIT_MS = 360_000;
/** What a person waits for the list of members at most (`GET /core/1.0/cluster`), milliseconds. */
const PATIENCE_MS = 3_000;

@Module({ imports: [MicroclusterModule.forRoot({ version: '1.0.0' })] })
class Application {}

let cluster: TestCluster;
const holes: BlackHole[] = [];

beforeAll(async () => {
  cluster = await TestCluster.create(Application, { members: 5, limitMs: FORM_LIMIT_MS });
}, FORM_LIMIT_MS);
afterAll(async () => {
  for (const hole of holes) await hole[Symbol.asyncDispose]();
  await cluster.close();
});

it('lists its members within three seconds, and says who cannot be reached and since when', async () => {
  const lost = [4, 5];
  for (const number of lost) {
    await cluster.kill(number);
    holes.push(await BlackHole.at(cluster.member(number).address));
  }
  const { client } = cluster.member(1);
  await eventually('the others to elect a leader', LIMIT_MS, () => client.clusterMembers());

  const begun = performance.now();
  const members = await client.clusterMembers();
  expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);

  const ago = (time: Date) => Date.now() - time.getTime();
  expect(members.map(({ name, status }) => [name, status])).toEqual([
    ['n1', 'ONLINE'],
    ['n2', 'ONLINE'],
    ['n3', 'ONLINE'],
    ['n4', 'UNREACHABLE'],
    ['n5', 'UNREACHABLE'],
  ]);
  for (const { last_heartbeat } of members.slice(3)) {
    expect(ago(last_heartbeat)).toBeGreaterThan(0);
    expect(ago(last_heartbeat)).toBeLessThan(LIMIT_MS);
  }
});

it('can be written by its majority, and makes tokens', async () => {
  const { client } = cluster.member(2);
  const token = await client.issueToken({ name: 'n6', expire_after: 0n });
  expect(token).not.toBe('');
});
