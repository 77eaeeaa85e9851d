/** Members on real nodes: how a cluster forms, keeps its roles through failures, and shrinks. */
import { timeLimit } from '../time-limit.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, rolesOf, TestCluster } from './app.fixture.js';
import type { AppRound } from './index.js';

describe('a new cluster', () => {
  it('starts with one voter that leads', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = cluster.members;
    if (only === undefined) throw new Error('no member');

    expect(await only.app.members()).toEqual([
      { id: 3297041220608546238n, address: only.address, role: 'voter' },
    ]);
    expect(await only.app.isLeader()).toBe(true);
    expect(await readFile(join(only.directory, 'info.yaml'), 'utf8')).toBe(
      `ID: 3297041220608546238\nAddress: ${only.address}\nRole: 0\n`,
    );
  });

  it('has one voter with two members and three with three', async () => {
    await using cluster = await TestCluster.of(2);
    const [first, second] = cluster.members;
    if (first === undefined || second === undefined) throw new Error('no members');
    expect(await rolesOf(cluster, first.app)).toEqual(['voter', 'spare']);

    await cluster.join();
    await eventually('three vote', async () =>
      (await rolesOf(cluster, second.app)).every((role) => role === 'voter'),
    );

    const db = second.app.client('test');
    await db.exec('CREATE TABLE t (v INTEGER)');
    await db.exec('INSERT INTO t VALUES (1)');
    expect((await db.query('SELECT v FROM t')).rows).toEqual([[1]]);
    await eventually('the file lists all three', async () => {
      const text = await readFile(join(first.directory, 'cluster.yaml'), 'utf8');
      return text.match(/Role: 0/g)?.length === 3;
    });
  });

  it('settles at three voters and two stand-bys with five members', async () => {
    await using cluster = await TestCluster.of(5);
    const [first] = cluster.members;
    if (first === undefined) throw new Error('no members');

    await expect
      .poll(async () => (await rolesOf(cluster, first.app)).toSorted())
      .toEqual(['stand-by', 'stand-by', 'voter', 'voter', 'voter']);
  });
});

describe('a member that fails', () => {
  it('is replaced as leader and as voter, and comes back', async () => {
    await using cluster = await TestCluster.of(4);
    const lost = await cluster.leader();
    const others = cluster.members.filter((member) => member !== lost);
    const [survivor] = others;
    if (survivor === undefined) throw new Error('no survivor');
    const db = survivor.app.client('test');
    await db.exec('CREATE TABLE t (v INTEGER)');

    await lost.app.close();
    await db.exec('INSERT INTO t VALUES (1)', [], { deadlineMs: 60_000 });
    await eventually('the three others vote', async () => {
      const listed = await survivor.app.members();
      return others.every(
        ({ address }) => listed.find((node) => node.address === address)?.role === 'voter',
      );
    });
    await eventually('the lost one votes no more', async () => {
      const listed = await survivor.app.members();
      return listed.find(({ id }) => id === lost.app.id)?.role === 'spare';
    });

    const back = await cluster.reopen(lost);
    await back.app.ready(timeLimit(60_000));
    await eventually('it follows again', async () => {
      const listed = await survivor.app.members();
      return listed.find(({ id }) => id === lost.app.id)?.role === 'stand-by';
    });
    const rows = await back.app.client('test').query('SELECT v FROM t');
    expect(rows.rows).toEqual([[1]]);
  });

  it('comes back after a kill of its database process, with the cluster writing on', async () => {
    await using cluster = await TestCluster.of(3);
    const leader = await cluster.leader();
    const other = cluster.members.find((member) => member !== leader);
    if (other === undefined || leader.host.pid === undefined) throw new Error('no members');
    const db = other.app.client('test');
    await db.exec('CREATE TABLE t (v INTEGER PRIMARY KEY)');

    process.kill(leader.host.pid, 'SIGKILL');
    await db.exec('INSERT OR IGNORE INTO t VALUES (1)', [], {
      deadlineMs: 60_000,
      idempotent: true,
    });

    await eventually('the killed node runs again', async () => leader.host.status === 'running');
    await eventually('and sees a leader', async () => (await leader.app.members()).length === 3);
    expect((await leader.app.client('test').query('SELECT v FROM t')).rows).toEqual([[1]]);
  });
});

describe('a restart of all members', () => {
  it('finds its data and its leader again', async () => {
    await using cluster = await TestCluster.of(3);
    const [first] = cluster.members;
    if (first === undefined) throw new Error('no member');
    await first.app.client('test').exec('CREATE TABLE t AS SELECT 7 AS v');

    await Promise.all(cluster.members.map(({ app }) => app.close()));
    const again = await Promise.all(
      cluster.members.map(({ address, directory }) => cluster.open(address, directory)),
    );
    await Promise.all(again.map(({ app }) => app.ready(timeLimit(60_000))));

    expect((await again[0]?.app.client('test').query('SELECT v FROM t'))?.rows).toEqual([[7]]);
  });
});

describe('rounds', () => {
  it('call the hook with the leader and the members, on every member', async () => {
    const rounds: AppRound[] = [];
    await using cluster = await TestCluster.of(2, { onRound: (round) => void rounds.push(round) });
    const [first] = cluster.members;

    await eventually('both had a round', async () => {
      const both = rounds.filter(({ members }) => members.length === 2);
      return both.some(({ isLeader }) => isLeader) && both.some(({ isLeader }) => !isLeader);
    });
    expect(new Set(rounds.map(({ leader }) => leader.address))).toEqual(new Set([first?.address]));
  });

  it('survive a hook that fails, and close does not wait for one that hangs', async () => {
    let calls = 0;
    await using cluster = await TestCluster.of(1, {
      onRound: () => {
        calls += 1;
        if (calls === 1) throw new Error('the hook failed');
        return new Promise<void>(() => undefined);
      },
    });
    const [only] = cluster.members;

    await eventually('the hook was called again', async () => calls === 2);
    await only?.app.close();

    expect(only?.events).toContainEqual(expect.objectContaining({ type: 'hook-failed' }));
  });
});
