/** What an operator's Ctrl-C leaves behind: the daemon as it was, ready to be asked again. */
import { mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MicroclusterClient } from '../client/index.js';
import type { LifecycleHooks } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MicroclusterAdapter } from '../listeners/index.js';
import { MicroclusterModule } from '../module/index.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
let directory: string;
let app: INestApplication | undefined;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'initialise-'));
});
afterEach(async () => {
  await app?.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(hooks: LifecycleHooks): Promise<MicroclusterClient> {
  @Module({
    imports: [
      MicroclusterModule.forRoot({
        stateDir: directory,
        version: '1.0.0',
        engine: 'sqlite',
        logger: silent,
        hooks,
      }),
    ],
  })
  class Application {}
  app = await NestFactory.create(Application, new MicroclusterAdapter(), { logger: false });
  await app.init();
  return new MicroclusterClient({ socketPath: path.join(directory, 'control.socket') });
}

const bootstrap = {
  bootstrap: true,
  join_token: '',
  name: 'c1',
  address: '127.0.0.1:0',
  config: {},
};

/** Waits until `signal` aborts, as a hook does that minds it. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

it.each<[string, (began: () => void) => LifecycleHooks]>([
  ['preInit', (began) => ({ preInit: ({ signal }) => (began(), aborted(signal)) })],
  ['postBootstrap', (began) => ({ postBootstrap: ({ signal }) => (began(), aborted(signal)) })],
  [
    'a hook that succeeds nevertheless',
    (began) => ({
      postBootstrap: ({ signal }) => (began(), aborted(signal).catch(() => undefined)),
    }),
  ],
])('takes a bootstrap back whose client goes away during %s', async (_step, hooks) => {
  const began = vi.fn<() => void>();
  const client = await start(hooks(began));
  const interrupted = new AbortController();
  const asked = client.control(bootstrap, { signal: interrupted.signal });
  asked.catch(() => undefined);
  await expect.poll(() => began.mock.calls).not.toEqual([]);
  interrupted.abort();
  await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
  await expect
    .poll(() => client.clusterMembers().catch(String))
    .toContain('Database is not yet initialized');
  expect(await readdir(path.join(directory, 'database'))).toEqual([]);
  expect(await readdir(path.join(directory, 'truststore'))).toEqual([]);
  expect(await readdir(directory)).not.toContain('cluster.crt');
  await client.close();
});

it('undoes by the hook preRemove what hooks have done before the client went away', async () => {
  const began = vi.fn<() => void>();
  const undone = vi.fn<(force: boolean) => void>();
  const client = await start({
    postBootstrap: ({ signal }) => (began(), aborted(signal)),
    preRemove: (_context, { force }) => undone(force),
  });
  const interrupted = new AbortController();
  const asked = client.control(bootstrap, { signal: interrupted.signal });
  asked.catch(() => undefined);
  await expect.poll(() => began.mock.calls).not.toEqual([]);
  interrupted.abort();
  await expect.poll(() => client.clusterMembers().catch(String)).toContain('not yet initialized');
  expect(undone.mock.calls).toEqual([[true]]);
  await client.close();
});

it('ends the process where the state cannot be wiped, and leaves the rest to the next start', async () => {
  const client = await start({
    preInit: async () => {
      // Where the decision to wipe is to be written.
      await mkdir(path.join(directory, '.wipe'));
      throw new Error('not today');
    },
  });
  const exits: unknown[] = [];
  app?.get(Daemon).onExitRequest((failure) => exits.push(failure));

  await expect(client.control(bootstrap)).rejects.toThrow('not today');

  expect(exits).toEqual([
    expect.objectContaining({ message: expect.stringContaining('Failed to reset this member') }),
  ]);
  await expect(client.control(bootstrap)).rejects.toThrow('Unable to initialize cluster');
  await client.close();
  await app?.close();
  await rmdir(path.join(directory, '.wipe'));
  const again = await start({});
  await expect(again.clusterMembers()).rejects.toThrow('Database is not yet initialized');
  expect(await readdir(directory)).not.toContain('initialising.json');
  await again.close();
});
