/** Backup of a running cluster and of a stopped member, restored into the same cluster and into a new one. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';

async function names(member: Daemon): Promise<string[]> {
  const { text } = await member.request('GET', '/1.0/items');
  return [...text.matchAll(/"name":"(\w+)"/g)].map((match) => match[1] ?? '');
}

async function add(member: Daemon, name: string): Promise<void> {
  const created = await member.request('POST', '/1.0/items', { name });
  expect(created.status, created.error).toBe(200);
}

describe('a backup', () => {
  let cluster: TestCluster;
  let file: string;
  beforeAll(async () => {
    cluster = await TestCluster.form(2);
    file = join(cluster.directory, 'backup.mcb');
    await add(cluster.member(1), 'first');
  });
  afterAll(() => cluster.close());

  it('is taken on any member while the cluster writes, and is for its owner alone', async () => {
    const [first, second] = [cluster.member(1), cluster.member(2)];
    const printed = second.control('backup', file);
    await Promise.all([printed, add(first, 'second')]);
    expect(await printed).toBe(`${file}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is restored only after confirmation, when it is intact, for all members at once', async () => {
    const [first, second] = [cluster.member(1), cluster.member(2)];
    await first.control('backup', file);
    await add(first, 'third');
    const unasked = await first.tryControl('restore', file);
    expect([unasked.code, unasked.err]).toEqual([
      1,
      'Error: Nobody can be asked here; pass --yes to replace the data of the cluster\n',
    ]);
    const damaged = join(cluster.directory, 'damaged.mcb');
    await writeFile(damaged, (await readFile(file)).subarray(0, 500));
    const refused = await first.tryControl('restore', damaged, '--yes');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`${damaged} is no intact backup: `);
    expect(await names(second)).toEqual(['first', 'second', 'third']);
    await second.control('restore', file, '--yes');
    expect(await names(first)).toEqual(['first', 'second']);
    const rows = await cluster.table();
    expect(rows.map(({ name }) => name)).toEqual(['c1', 'c2']);
  });

  it('is taken of a stopped member from its files, and restored into a new cluster on another engine', async () => {
    const [first, second] = [cluster.member(1), cluster.member(2)];
    await Promise.all([first.stop(), second.stop()]);
    const spare = await second.tryControl('backup', file);
    expect(spare.code).toBe(1);
    expect(spare.err).toContain(
      "holds no copy of the cluster's data, since this member is a spare",
    );
    await first.control('backup', file);
    await using other = await TestCluster.form(1, { engine: 'sqlite' });
    await other.member(1).control('restore', file, '--yes');
    expect(await names(other.member(1))).toEqual(['first', 'second']);
    // The copy that was read has changed nothing of the member, the only voter of the two.
    await first.start();
    expect(await names(first)).toEqual(['first', 'second']);
  }, 300_000);
});
