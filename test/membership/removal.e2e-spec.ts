/** Removing members from real clusters: every way in which one can go, and what is left of it afterwards. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { expectRecords, isUninitialised } from './records.js';

const LIMIT_MS = 120_000;

function remove(asked: Daemon, name: string, query = '') {
  return asked.request('DELETE', `/core/1.0/cluster/${name}${query}`);
}

describe('of three members', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.form(3);
    await cluster.settled();
  });
  afterAll(() => cluster.close());

  // Whoever was removed joins again, for the next test.
  afterEach(async () => {
    const asked = await cluster.leader();
    const names = (await cluster.table(asked)).map(({ name }) => name);
    for (const member of cluster.members.filter(({ name }) => !names.includes(name))) {
      await isUninitialised(member);
      await cluster.join(member, asked);
    }
    await cluster.settled(asked);
  });

  it('removes a member, which is uninitialised then and can join again without a restart', async () => {
    const { members } = cluster;
    const [first, , third] = members;
    if (!first || !third) throw new Error('no members');
    const { pid } = third;
    expect((await remove(first, 'c3')).text).toContain('"status_code":200');
    await isUninitialised(third);
    await expectRecords(members.slice(0, 2), ['c1', 'c2']);
    await cluster.join(third);
    await cluster.settled();
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
    const { members } = cluster;
    const [first, second, third] = members;
    if (!first || !second || !third) throw new Error('no members');
    const answer = await third.requestTls(first, 'DELETE', '/core/1.0/cluster/c3');
    expect(answer.text).toContain('"status_code":200');
    await isUninitialised(third);
    await expectRecords([first, second], ['c1', 'c2']);
  });

  it('lets another member lead before the leader is removed, asked at whichever member', async () => {
    const leader = await cluster.leader();
    const rest = cluster.members.filter((member) => member !== leader);
    const [asked] = rest;
    if (!asked) throw new Error('no members');
    expect((await remove(asked, leader.name)).text).toContain('"status_code":200');
    await isUninitialised(leader);
    await expectRecords(
      rest,
      rest.map((member) => member.name),
    );
  });

  it('removes a member that is away by force, and leaves it uninitialised when it comes back', async () => {
    const leader = await cluster.leader();
    const [asked, away] = cluster.members.filter((member) => member !== leader);
    if (!asked || !away) throw new Error('no members');
    await away.kill();
    const refused = await remove(leader, away.name);
    expect(refused.error).toContain(
      `Failed to execute pre-remove hook on cluster member "${away.name}"`,
    );
    // What the leader had to leave out is told by whichever member was asked.
    const forced = await asked.tryControl('cluster', 'remove', away.name, '--force');
    expect(forced.err.split('\n')).toEqual([
      expect.stringMatching(/^Warning: the step "reach" was skipped: /),
      'Warning: the step "pre-remove hook" was skipped: the member cannot be reached',
      'Warning: the step "reset" was skipped: the member cannot be reached; it notices at its next start',
      '',
    ]);
    expect((await remove(asked, away.name)).text).toContain('"metadata":{}');
    await expectRecords([leader, asked], [leader.name, asked.name]);
    await away.start();
    await isUninitialised(away);
    const kept = (await readdir(away.stateDir)).filter((name) => name.startsWith('removed.'));
    expect(kept).toHaveLength(1);
    expect(await readdir(join(away.stateDir, kept[0] ?? '', 'database'))).toContain('info.yaml');
    await cluster.join(away, leader);
    await expectRecords(cluster.members, ['c1', 'c2', 'c3']);
  });

  it('refuses what no record knows, and an address that is not the one of the name', async () => {
    const { members } = cluster;
    const [first, second] = members;
    if (!first || !second) throw new Error('no members');
    expect((await remove(second, 'c9')).error).toBe(
      'Cluster member "c9" not found in truststore; please provide a node address',
    );
    expect((await remove(second, 'c3', `?address=${first.address}`)).status).toBe(400);
    expect((await remove(first, 'c9', '?address=127.0.0.1:1')).status).toBe(404);
    await expectRecords(members, ['c1', 'c2', 'c3']);
  });

  it('completes a removal whose leader was killed in the middle, when it is repeated', async () => {
    const leader = await cluster.leader();
    const [asked, target] = cluster.members.filter((member) => member !== leader);
    if (!asked || !target) throw new Error('no members');
    const running = remove(asked, target.name, '?force=1').catch(() => undefined);
    // Wherever it is by then: the moment differs from run to run.
    await pause(Math.random() * 300);
    await leader.kill();
    await running;
    await leader.start();
    await eventually('the repeated removal to succeed', LIMIT_MS, async () => {
      expect((await remove(asked, target.name, '?force=1')).text).toContain('"status_code":200');
    });
    await expectRecords([leader, asked], [leader.name, asked.name]);
  });
});

it('of two members lets the leader remove itself', async () => {
  await using cluster = await TestCluster.form(2);
  const leader = await cluster.leader();
  const [other] = cluster.members.filter((member) => member !== leader);
  if (!other) throw new Error('no other member');
  expect((await remove(leader, leader.name)).text).toContain('"status_code":200');
  await isUninitialised(leader);
  await expectRecords([other], [other.name]);
  expect((await remove(other, other.name)).error).toBe('Cannot leave a cluster with 1 members');
});
