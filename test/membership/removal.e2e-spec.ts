/** Removing members from real clusters: every way in which one can go, and what is left of it afterwards. */
import { afterEach, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { expectRecords, isUninitialised } from './records.js';

const LIMIT_MS = 60_000;

let cluster: TestCluster | undefined;

afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

async function formed(count: number): Promise<TestCluster> {
  cluster = await TestCluster.form(count);
  if (count <= 3) await cluster.settled();
  return cluster;
}

function remove(asked: Daemon, name: string, query = '') {
  return asked.request('DELETE', `/core/1.0/cluster/${name}${query}`);
}

it('removes a member, which is uninitialised then and can join again without a restart', async () => {
  const { members } = await formed(3);
  const [first, , third] = members;
  if (!first || !third) throw new Error('no members');
  const { pid } = third;
  expect((await remove(first, 'c3')).text).toContain('"status_code":200');
  await isUninitialised(third);
  await expectRecords(members.slice(0, 2), ['c1', 'c2']);
  await cluster?.join(third);
  await cluster?.settled();
  expect(third.pid).toBe(pid);
  await expectRecords(members, ['c1', 'c2', 'c3']);
  await eventually('the data to be there', LIMIT_MS, async () => {
    const answer = await third.request('POST', '/core/control/sql', {
      query: 'SELECT count(*) FROM core_cluster_members',
    });
    expect(answer.status).toBe(200);
  });
});

it('lets a member remove itself, and answers it before it forgets itself', async () => {
  const { members } = await formed(3);
  const [first, second, third] = members;
  if (!first || !second || !third) throw new Error('no members');
  const answer = await third.requestTls(first, 'DELETE', '/core/1.0/cluster/c3');
  expect(answer.text).toContain('"status_code":200');
  await isUninitialised(third);
  await expectRecords([first, second], ['c1', 'c2']);
});

it('lets another member lead before the leader is removed, asked at whichever member', async () => {
  const formedCluster = await formed(3);
  const leader = await formedCluster.leader();
  const rest = formedCluster.members.filter((member) => member !== leader);
  const [asked] = rest;
  if (!asked) throw new Error('no members');
  expect((await remove(asked, leader.name)).text).toContain('"status_code":200');
  await isUninitialised(leader);
  await expectRecords(
    rest,
    rest.map((member) => member.name),
  );
});

it('lets the leader of two remove itself', async () => {
  const formedCluster = await formed(2);
  const leader = await formedCluster.leader();
  const [other] = formedCluster.members.filter((member) => member !== leader);
  if (!other) throw new Error('no other member');
  expect((await remove(leader, leader.name)).text).toContain('"status_code":200');
  await isUninitialised(leader);
  await expectRecords([other], [other.name]);
  expect((await remove(other, other.name)).error).toBe('Cannot leave a cluster with 1 members');
});
