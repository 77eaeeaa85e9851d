/** Members that leave: hand-over before a stop, removal, and what the removed one notices; on real nodes. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDqliteError } from '../errors/index.js';
import { freeAddress } from '../native/node.fixture.js';
import { DqliteProcess } from '../process/index.js';
import { eventually, rolesOf, TestCluster } from './app.fixture.js';

const codeOf = (error: unknown): string => (isDqliteError(error) ? error.code : String(error));

describe('hand-over', () => {
  it('gives leadership and the vote to others, without a pause for writers', async () => {
    await using cluster = await TestCluster.of(4);
    const leaving = await cluster.leader();
    const [other] = cluster.members.filter((member) => member !== leaving);
    if (other === undefined) throw new Error('no other member');
    await eventually('roles settle', async () => {
      const roles = await rolesOf(cluster, other.app);
      return roles.toSorted().join() === 'stand-by,voter,voter,voter';
    });
    const db = other.app.client('test');
    await db.exec('CREATE TABLE t (v INTEGER)');

    await leaving.app.handover();
    await db.exec('INSERT INTO t VALUES (1)');
    await leaving.app.close();
    await db.exec('INSERT INTO t VALUES (2)');

    // No election has to time out.
    expect(leaving.events).toContainEqual({
      type: 'leadership-transferred',
      address: (await other.app.leader())?.address,
    });
    const listed = await other.app.members();
    expect(listed.filter(({ role }) => role === 'voter')).toHaveLength(3);
    expect(listed.find(({ id }) => id === leaving.app.id)?.role).not.toBe('voter');
  });

  it('moves the only vote of two members, so that the other one works on alone', async () => {
    await using cluster = await TestCluster.of(2);
    const [first, second] = cluster.members;
    if (first === undefined || second === undefined) throw new Error('no members');

    await first.app.handover();
    await first.app.close();
    await second.app.client('test').exec('CREATE TABLE t (v INTEGER)');

    expect(await second.app.isLeader()).toBe(true);
    expect(await rolesOf(cluster, second.app)).toEqual(['spare', 'voter']);
  });

  it('changes nothing in a cluster of one', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = cluster.members;
    if (only === undefined) throw new Error('no member');

    await only.app.handover();

    expect(await only.app.isLeader()).toBe(true);
  });

  it('passes over a member that is stopping, and waits for nobody once the majority has stopped', async () => {
    await using cluster = await TestCluster.of(3);
    const leader = await cluster.leader();
    // Whom the leader would choose first, and the other one.
    const [heir, third] = cluster.members
      .filter((member) => member !== leader)
      .toSorted((a, b) => (a.app.id < b.app.id ? -1 : 1));
    if (heir === undefined || third === undefined) throw new Error('no members');
    await eventually('all know three voters', async () =>
      cluster.members.every(
        ({ app }) => app.knownMembers.filter(({ role }) => role === 'voter').length === 3,
      ),
    );

    await heir.app.handover();
    await leader.app.handover();
    expect((await third.app.leader())?.address).toBe(third.address);

    await Promise.all([heir.app.close(), leader.app.close()]);
    await eventually('it leads no more', async () => !(await third.app.isLeader()));
    const alone = third.app.handover({ timeoutMs: 600_000 });
    await expect(alone).rejects.toMatchObject({
      code: 'NO_LEADER',
      message: expect.stringContaining('1 of 3 voters answer, which is no majority'),
    });
  });

  it('ends at its deadline when there is no quorum', async () => {
    await using cluster = await TestCluster.of(3);
    const [first, second, third] = cluster.members;
    if (first === undefined) throw new Error('no member');
    await Promise.all([second?.app.close(), third?.app.close()]);
    await eventually('it leads no more', async () => !(await first.app.isLeader()));

    const outcome = await first.app.handover({ timeoutMs: 1000 }).then(() => 'done', codeOf);

    expect(['NO_LEADER', 'ABORTED', 'TIMEOUT']).toContain(outcome);
  });
});

describe('removal', () => {
  it('takes out a voter, which stops and refuses to start again', async () => {
    await using cluster = await TestCluster.of(3);
    const leader = await cluster.leader();
    const [target, stays] = cluster.members.filter((member) => member !== leader);
    if (target === undefined || stays === undefined) throw new Error('no members');

    await stays.app.remove(target.app.id);

    expect((await leader.app.members()).map(({ address }) => address).toSorted()).toEqual(
      [leader.address, stays.address].toSorted(),
    );
    await eventually('it notices', async () => target.app.status === 'removed');
    await eventually('it stops', async () => target.host.status === 'stopped');
    await expect(target.app.members().catch(codeOf)).resolves.toBe('NODE_REMOVED');
    await target.app.close();
    await expect(cluster.open(target.address, target.directory).catch(codeOf)).resolves.toBe(
      'NODE_REMOVED',
    );
    // Removing what is gone is done.
    await leader.app.remove(target.app.id);
  });

  it('stops the removed node also when its directory cannot remember the removal', async () => {
    await using cluster = await TestCluster.of(2);
    const [leader, target] = cluster.members;
    if (leader === undefined || target === undefined) throw new Error('no members');
    mkdirSync(join(target.directory, 'removed'));
    let calls = 0;
    target.app.onRemoved(() => {
      throw new Error('a listener failed');
    });
    target.app.onRemoved(() => (calls += 1));

    await leader.app.remove(target.app.id);
    await eventually('it notices', async () => calls === 1);

    expect(target.host.status).toBe('stopped');
    expect(target.events.filter(({ type }) => type === 'round-failed')).toEqual([
      { type: 'round-failed', error: expect.objectContaining({ code: 'STATE_FILES' }) },
      { type: 'round-failed', error: new Error('a listener failed') },
    ]);
  });

  it('takes out the leader, asked by anybody, down to one member', async () => {
    await using cluster = await TestCluster.of(2);
    const [first, second] = cluster.members;
    if (first === undefined || second === undefined) throw new Error('no members');
    const db = second.app.client('test');
    await db.exec('CREATE TABLE t AS SELECT 5 AS v');

    await second.app.remove(first.app.id);

    expect(await second.app.members()).toEqual([
      { id: second.app.id, address: second.address, role: 'voter' },
    ]);
    expect((await db.query('SELECT v FROM t')).rows).toEqual([[5]]);
    await expect(second.app.remove(second.app.id).catch(codeOf)).resolves.toBe('REMOVAL_REFUSED');
  });

  it('refuses to demote the last voter', async () => {
    await using cluster = await TestCluster.of(2);
    const [first] = cluster.members;
    if (first === undefined) throw new Error('no member');

    await expect(first.app.assign(first.app.id, 'spare').catch(codeOf)).resolves.toBe('LAST_VOTER');
    expect(await rolesOf(cluster, first.app)).toEqual(['voter', 'spare']);
  });
});

describe('without a quorum', () => {
  it('nobody leads, which is an answer and no error', async () => {
    await using cluster = await TestCluster.of(2);
    const [first, second] = cluster.members;
    await first?.app.close();

    expect(await second?.app.leader()).toBeUndefined();
    expect(await second?.app.isLeader()).toBe(false);
  });
});

describe('opening and closing', () => {
  it('answers CLOSED on every method after close, which may be repeated', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = cluster.members;
    if (only === undefined) throw new Error('no member');
    const { app } = only;
    await app.close();
    await app.close();

    const calls = [
      () => app.members(),
      () => app.leader(),
      () => app.isLeader(),
      () => app.add({ id: 5n, address: '127.0.0.1:1' }),
      () => app.assign(5n, 'voter'),
      () => app.remove(5n),
      () => app.transfer(),
      () => app.handover(),
      async () => app.client('test'),
    ];
    const codes = await Promise.all(calls.map((call) => call().then(() => 'no error', codeOf)));
    expect(new Set(codes)).toEqual(new Set(['CLOSED']));
  });

  it('leaves no file behind when the first start fails', async () => {
    await using cluster = new TestCluster();
    const directory = cluster.directory();
    const taken = await cluster.join();

    const outcome = await cluster.open(taken.address, directory).catch(codeOf);

    expect(outcome).toBe('NODE_START_FAILED');
    expect(readdirSync(directory).filter((name) => name !== 'node.lock')).toEqual([]);
  });

  it('leaves no node running when the first start cannot be confirmed', async () => {
    await using cluster = new TestCluster();
    const directory = cluster.directory();
    const host = new DqliteProcess();
    host.onStatus((status) => {
      if (status !== 'running') return;
      // A directory in the place of the marker cannot be unlinked.
      rmSync(join(directory, 'first-start'));
      mkdirSync(join(directory, 'first-start'));
    });

    const outcome = await cluster.open(await freeAddress(), directory, { host }).catch(codeOf);

    expect(outcome).toBe('STATE_FILES');
    expect(host.status).toBe('stopped');
  });

  it('refuses a second app on the same directory and leaves the first one alone', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = cluster.members;
    if (only === undefined) throw new Error('no member');
    const host = new DqliteProcess({ lockWaitMs: 0 });

    const second = cluster.open(only.address, only.directory, { host });

    await expect(second.catch(codeOf)).resolves.toBe('DIRECTORY_LOCKED');
    expect(await only.app.isLeader()).toBe(true);
  });
});
