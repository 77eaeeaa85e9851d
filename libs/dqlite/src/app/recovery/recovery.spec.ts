/** Recovery after the loss of a majority, on real nodes and their real files. */
import { timeLimit } from '../../time-limit.js';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDqliteError } from '../../errors/index.js';
import { DqliteProcess } from '../../process/index.js';
import type { NodeInfo } from '../../values.js';
import { eventually, TestCluster, type TestMember } from '../app.fixture.js';
import { listRaftFiles, segmentsOf } from '../../native/raft-files.js';
import { adoptRecovered, comparePositions, describeLastEntry, rewriteMembership } from './index.js';
import { raftCrc } from '../files/raft-crc.js';

const codeOf = (error: unknown): string => (isDqliteError(error) ? error.code : String(error));

async function closedCluster(cluster: TestCluster): Promise<TestMember[]> {
  const [first] = cluster.members;
  await first?.app.client('test').exec('CREATE TABLE t AS SELECT 42 AS v');
  await Promise.all(cluster.members.map(({ app }) => app.close()));
  return [...cluster.members];
}

const record = ({ app, address }: TestMember, role: NodeInfo['role']): NodeInfo => ({
  id: app.id,
  address,
  role,
});

describe('rewriting the membership', () => {
  it('lets a single survivor of three go on with all data', async () => {
    await using cluster = await TestCluster.of(3);
    const members = await closedCluster(cluster);
    const [survivor] = members;
    if (survivor === undefined) throw new Error('no members');

    await rewriteMembership({
      directory: survivor.directory,
      host: new DqliteProcess(),
      members: [record(survivor, 'voter')],
    });
    const { app } = await cluster.open(survivor.address, survivor.directory);
    await app.ready(timeLimit(60_000));

    expect(await app.members()).toEqual([record(survivor, 'voter')]);
    expect((await app.client('test').query('SELECT v FROM t')).rows).toEqual([[42]]);
    await app.client('test').exec('INSERT INTO t VALUES (43)');
  });

  it('lets two survivors go on with the data of the newest, also under a new address', async () => {
    await using cluster = await TestCluster.of(3);
    const [source, other] = await closedCluster(cluster);
    if (source === undefined || other === undefined) throw new Error('no members');
    const spare = await TestCluster.of(1);
    const moved = { ...record(other, 'voter'), address: spare.members[0]?.address ?? '' };
    await spare[Symbol.asyncDispose]();
    const list = [record(source, 'voter'), moved];

    await rewriteMembership({
      directory: source.directory,
      host: new DqliteProcess(),
      members: list,
    });
    await adoptRecovered({ source: source.directory, directory: other.directory, members: list });
    const apps = await Promise.all([
      cluster.open(source.address, source.directory),
      cluster.open(moved.address, other.directory),
    ]);

    await Promise.all(apps.map(({ app }) => app.ready(timeLimit(60_000))));
    const rows = await apps[1]?.app.client('test').query('SELECT v FROM t');
    expect(rows?.rows).toEqual([[42]]);
  });

  it('refuses lists that cannot work, and changes nothing', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');
    const self = record(only, 'voter');
    const attempt = (members: NodeInfo[]): Promise<string> =>
      rewriteMembership({ directory: only.directory, host: new DqliteProcess(), members }).then(
        () => 'done',
        codeOf,
      );

    expect(await attempt([])).toBe('MISUSE');
    expect(await attempt([{ ...self, role: 'spare' }])).toBe('MISUSE');
    expect(await attempt([self, self])).toBe('MISUSE');
    expect(await attempt([self, { ...self, id: 7n }])).toBe('MISUSE');
    expect(await attempt([{ ...self, id: 7n }])).toBe('MISUSE');
    const { app } = await cluster.open(only.address, only.directory);
    await app.ready(timeLimit(60_000));
  });

  it('that was interrupted keeps the node from starting until it is repeated', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');
    writeFileSync(join(only.directory, 'recovering'), '');

    expect(await cluster.open(only.address, only.directory).catch(codeOf)).toBe('STATE_FILES');

    const members = [record(only, 'voter')];
    await rewriteMembership({ directory: only.directory, host: new DqliteProcess(), members });
    const { app } = await cluster.open(only.address, only.directory);
    await app.ready(timeLimit(60_000));
  });

  it('that is refused because the node runs does not keep it from starting again', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = cluster.members;
    if (only === undefined) throw new Error('no member');
    const members = [record(only, 'voter')];
    const attempt = (host: DqliteProcess): Promise<string> =>
      rewriteMembership({ directory: only.directory, host, members }).then(() => 'done', codeOf);

    expect(await attempt(new DqliteProcess())).toBe('DIRECTORY_LOCKED');
    expect(await attempt(only.host)).toBe('NODE_STATE');

    await only.app.close();
    const { app } = await cluster.open(only.address, only.directory);
    await app.ready(timeLimit(60_000));
  });

  it('that lacks the library does not keep the node from starting once it is installed', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');

    expect(await rewriteWithoutLibrary(only)).toBe('LIBRARY_MISSING');

    const { app } = await cluster.open(only.address, only.directory);
    await app.ready(timeLimit(60_000));
  });

  it('that was interrupted still has to be repeated after a repetition that was refused', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');
    writeFileSync(join(only.directory, 'recovering'), '');

    expect(await rewriteWithoutLibrary(only)).toBe('LIBRARY_MISSING');

    expect(await cluster.open(only.address, only.directory).catch(codeOf)).toBe('STATE_FILES');
  });
});

/** The code of the error with which a rewrite ends on a machine that has no libdqlite. */
async function rewriteWithoutLibrary(member: TestMember): Promise<string> {
  process.env['MICROCLUSTER_LIBDQLITE'] = '/nonexistent/libdqlite.so';
  try {
    const { directory } = member;
    const members = [record(member, 'voter')];
    await rewriteMembership({ directory, host: new DqliteProcess(), members });
    return 'done';
  } catch (error) {
    return codeOf(error);
  } finally {
    delete process.env['MICROCLUSTER_LIBDQLITE'];
  }
}

describe('adopting recovered data', () => {
  it('goes on at the next start when it was interrupted between two files', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');
    const staging = join(only.directory, 'recovered');
    mkdirSync(staging);
    const [moved, ...waiting] = await listRaftFiles(only.directory);
    if (moved === undefined) throw new Error('no files');
    for (const name of waiting) {
      await rename(join(only.directory, name), join(staging, name));
    }
    writeFileSync(
      join(staging, 'complete.yaml'),
      readFileSync(join(only.directory, 'cluster.yaml')),
    );
    writeFileSync(join(staging, 'cleared'), '');

    const { app } = await cluster.open(only.address, only.directory);
    await app.ready(timeLimit(60_000));

    expect((await app.client('test').query('SELECT v FROM t')).rows).toEqual([[42]]);
  });

  it('drops data that was not staged completely', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');
    mkdirSync(join(only.directory, 'recovered'));
    writeFileSync(join(only.directory, 'recovered', 'metadata1'), 'half');

    const { app } = await cluster.open(only.address, only.directory);
    await app.ready(timeLimit(60_000));

    expect((await app.client('test').query('SELECT v FROM t')).rows).toEqual([[42]]);
  });
});

describe('the last entry', () => {
  it('moves with each write, in a running node and after its stop, with and without snapshots', async () => {
    await using cluster = await TestCluster.of(1, { snapshot: { threshold: 32, trailing: 32 } });
    const [only] = cluster.members;
    if (only === undefined) throw new Error('no member');
    const db = only.app.client('test');
    await db.exec('CREATE TABLE t (v INTEGER)');
    const before = await describeLastEntry(only.directory);
    for (let v = 0; v < 100; v += 1) await db.exec('INSERT INTO t VALUES (?)', [v]);

    const running = await describeLastEntry(only.directory);
    await eventually('a snapshot was taken', async () =>
      (await listRaftFiles(only.directory)).some((name) => name.startsWith('snapshot-')),
    );
    await only.app.close();
    const stopped = await describeLastEntry(only.directory);

    if (before === undefined || running === undefined) throw new Error('no entries');
    expect(running.index - before.index).toBeGreaterThanOrEqual(100n);
    expect(stopped).toEqual(running);
  });

  it('stops before a batch that is torn', async () => {
    await using cluster = await TestCluster.of(1);
    const [only] = await closedCluster(cluster);
    if (only === undefined) throw new Error('no member');
    const whole = await describeLastEntry(only.directory);
    const copy = cluster.directory();
    await cp(only.directory, copy, { recursive: true });
    const last = segmentsOf(await listRaftFiles(copy)).at(-1);
    if (last === undefined || whole === undefined) throw new Error('no segments');
    const content = readFileSync(join(copy, last.name));
    // An open segment, as a crash leaves it, with its last bytes not written.

    await rm(join(copy, last.name));
    writeFileSync(join(copy, 'open-9'), content.subarray(0, content.length - 8));

    const torn = await describeLastEntry(copy);

    expect(torn && comparePositions(torn, whole)).toBe(-1);
  });

  it('is unknown in an empty directory', async () => {
    await using cluster = new TestCluster();
    expect(await describeLastEntry(cluster.directory())).toBeUndefined();
  });

  it.each([
    ['', 0],
    ['123456789', 0x89a1897f],
  ])('has checksums as Raft makes them: %j', (text, expected) => {
    expect(raftCrc(Buffer.from(text))).toBe(expected);
  });
});
