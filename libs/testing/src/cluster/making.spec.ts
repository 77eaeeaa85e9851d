/** How clusters are made, and what they leave behind. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { Module } from '@nestjs/common';
import { ClusterState, MicroclusterModule } from '@microcluster/nest';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ItemsAppModule, KeyGuard } from '../items.fixture.js';
import { TestCluster } from './index.js';

const kept: string[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const directory of kept.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** Leaves out the note on standard error that a failure makes. */
function silence(): () => string {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => write.mock.calls.map(([text]) => String(text)).join('');
}

describe('a module for each member', () => {
  it('is made by a function, with settings for each', async () => {
    await using cluster = await TestCluster.create(
      ({ name }) => {
        @Module({ imports: [MicroclusterModule.forRoot({ version: '1', apiExtensions: [name] })] })
        class MemberModule {}
        return MemberModule;
      },
      { members: 2, form: false, daemon: ({ number }) => ({ version: `${number}.0.0` }) },
    );
    const states = cluster.members.map((member) => member.get(ClusterState));
    expect(states.map((state) => state.version)).toEqual(['1.0.0', '2.0.0']);
    expect(states.map((state) => state.hasExtension('n2'))).toEqual([false, true]);
  });

  it('may have its guards overridden', async () => {
    await using cluster = await TestCluster.create(ItemsAppModule, {
      members: 1,
      override: (builder) => builder.overrideGuard(KeyGuard).useValue({ canActivate: () => true }),
    });
    const reply = await cluster.member(1).inject({ url: '/1.0/items/locked' });
    expect(reply.json()).toMatchObject({ metadata: 'opened' });
  });
});

describe('a cluster that is not formed', () => {
  it('has uninitialised members, which can be bootstrapped and joined by hand', async () => {
    await using cluster = await TestCluster.create(ItemsAppModule, { members: 2, form: false });
    const status = () => cluster.members.map((m) => m.get(ClusterState).databaseStatus.open);
    expect(status()).toEqual([false, false]);
    await cluster.bootstrap(1);
    await cluster.join(2);
    expect(status()).toEqual([true, true]);
  });
});

describe('a client that asks for a shutdown', () => {
  it('stops the member', async () => {
    await using cluster = await TestCluster.create(ItemsAppModule, { members: 1 });
    await cluster.member(1).client.shutdown();
    await cluster.until(() => cluster.member(1).state === 'stopped');
    await cluster.start(1);
    expect(cluster.member(1).state).toBe('running');
  });
});

describe('logs and state', () => {
  it('are removed when all went well', async () => {
    const directory = await TestCluster.use(
      ItemsAppModule,
      { members: 1, form: false },
      async (cluster) => {
        expect(existsSync(cluster.member(1).stateDir)).toBe(true);
        return cluster.directory;
      },
    );
    expect(existsSync(directory)).toBe(false);
  });

  it('are kept, and shown, when the test fails', async () => {
    const noted = silence();
    const failing = TestCluster.use(ItemsAppModule, { members: 1 }, async (cluster) => {
      kept.push(cluster.directory);
      throw new Error('expected 1 to be 2');
    });
    await expect(failing).rejects.toThrow(
      /^expected 1 to be 2\n\nLogs and state .*\n--- n1 \(running\)\n.*life-cycle/s,
    );
    const [directory = ''] = kept;
    expect(noted()).toContain(`are kept in ${directory}`);
    expect(await readFile(path.join(directory, 'n1.log'), 'utf8')).toContain("to: 'ready'");
    expect(existsSync(path.join(directory, 'n1', 'daemon.yaml'))).toBe(true);
  });

  it('are kept when a condition does not come true, whose reason is shown', async () => {
    silence();
    const cluster = await TestCluster.create(ItemsAppModule, { members: 1, form: false });
    kept.push(cluster.directory);
    const waiting = cluster.until(() => {
      throw new Error('not yet');
    }, 100);
    await expect(waiting).rejects.toThrow(/^Waited 100 ms in vain for the condition .*: not yet\n/);
    await cluster.close();
    expect(existsSync(cluster.directory)).toBe(true);
  });

  it('are kept when members cannot be started', async () => {
    silence();
    const failing = TestCluster.create(
      ({ stateDir }) => {
        kept.push(path.dirname(stateDir));
        throw new Error('no module today');
      },
      { members: 1 },
    );
    await expect(failing).rejects.toThrow('no module today');
    const [directory = ''] = kept;
    expect(existsSync(directory)).toBe(true);
  });
});
