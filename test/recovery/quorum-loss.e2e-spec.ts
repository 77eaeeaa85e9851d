/** A cluster that has lost its majority goes on from the disk of one member, with all addresses changed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeAddresses } from '../support/addresses.js';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { REPOSITORY } from '../support/programs.js';

/** `microctl cluster edit --yes` with `list` on its standard input. */
async function edit(member: Daemon, list: string): Promise<{ code: number; text: string }> {
  const program = join(REPOSITORY, 'dist/microctl/main.js');
  const args = [program, '--state-dir', member.stateDir, 'cluster', 'edit', '--yes'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  child.stdin.end(list);
  const [code] = await once(child, 'close');
  return { code: Number(code), text };
}

describe('the loss of a majority', () => {
  let cluster: TestCluster;
  let list: string;
  beforeAll(async () => {
    cluster = await TestCluster.form(3);
    await cluster.settled();
    await cluster.member(1).request('POST', '/1.0/items', { name: 'kept' });
    list = await cluster.member(1).control('cluster', 'list', '--local', '--format', 'yaml');
    const addresses = await freeAddresses(3);
    for (const [at, { address }] of cluster.members.entries()) {
      list = list.replace(address, addresses[at] ?? '');
    }
  });
  afterAll(() => cluster.close());

  it('is not recovered while a daemon runs, here or elsewhere', async () => {
    const [first, second, third] = [1, 2, 3].map((number) => cluster.member(number));
    if (first === undefined || third === undefined) throw new Error('no members');
    expect(await edit(first, list)).toEqual({
      code: 1,
      text: `Error: cluster edit: Daemon is running (socket path exists: "${first.socketPath}")\n`,
    });
    await Promise.all([first.kill(), second?.kill()]);
    expect(await edit(first, list)).toEqual({
      code: 1,
      text: 'Error: cluster edit: Contacted cluster member at "c3"; please shut down all cluster members\n',
    });
    await third.kill();
  });

  it('is recovered on one member, also when all addresses change', async () => {
    const [first, second] = [cluster.member(1), cluster.member(2)];
    const parts = list.split(/^(?=- )/m);
    const edited = parts.map((part) =>
      part.includes('name: c3') ? part.replace('role: voter', 'role: spare') : part,
    );
    const { code, text } = await edit(first, edited.join(''));
    expect({ code, text }).toMatchObject({
      code: 0,
      text: expect.stringContaining(
        `Cluster changes applied; new database state saved to ${first.stateDir}/recovery_db.tar.gz`,
      ),
    });
    await copyFile(
      join(first.stateDir, 'recovery_db.tar.gz'),
      join(second.stateDir, 'recovery_db.tar.gz'),
    );
    await Promise.all([first.start(), second.start()]);
    const { metadata } = await second.request('GET', '/1.0/items');
    expect(metadata).toEqual([{ id: 1, name: 'kept' }]);
    const rows = await cluster.until(
      'the roles to follow',
      (all) => all.filter(({ role }) => role === 'voter').length >= 1 && all.length === 3,
    );
    expect(rows.map(({ name }) => name)).toEqual(['c1', 'c2', 'c3']);
  });

  it('leaves a member that takes writes, and from which the lost one can be removed', async () => {
    const first = cluster.member(1);
    const written = await first.request('POST', '/1.0/items', { name: 'after' });
    expect(written.status, written.error).toBe(200);
    await first.control('cluster', 'remove', 'c3', '--force', '--yes');
    const rows = await cluster.table();
    expect(rows.map(({ name }) => name)).toEqual(['c1', 'c2']);
  });
});
