/** Tests of the supervised process over plain TCP: its life, its death, and that of its parent. */
import { timeLimit } from '../time-limit.js';
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BOOTSTRAP_ID } from '../native/node-id.js';
import { eventually, freeAddress, temporaryDirectory } from '../native/node.fixture.js';
import { leaderOf, RawClient } from '../native/raw-client.fixture.js';
import type { NodeStartOptions, NodeStatus } from '../node-host.js';
import { DqliteProcess } from './dqlite-process.js';

function isAlive(pid: number): boolean {
  try {
    // A zombie still takes signals, but its state says so.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('DqliteProcess', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let options: NodeStartOptions;
  let host: DqliteProcess;
  const others: ChildProcess[] = [];

  beforeEach(async () => {
    directory = temporaryDirectory();
    options = {
      id: BOOTSTRAP_ID,
      address: await freeAddress(),
      directory: directory.path,
      transport: { kind: 'tcp' },
      networkLatencyMs: 30,
    };
    host = new DqliteProcess();
  });

  afterEach(async () => {
    await host.stop();
    for (const other of others.splice(0)) other.kill('SIGKILL');
    directory.remove();
  });

  const pidOf = (): number => {
    const { pid } = host;
    if (pid === undefined) throw new Error('no child');
    return pid;
  };

  async function writeOne(): Promise<void> {
    const client = await leaderOf([options.address]);
    await client.openWarm('test');
    await client.exec('CREATE TABLE IF NOT EXISTS t (a)');
    await client.exec('INSERT INTO t VALUES (1)');
    client.close();
  }

  async function countRows(): Promise<bigint> {
    const client = await leaderOf([options.address]);
    await client.openWarm('test');
    const count = await client.integer('SELECT count(*) FROM t');
    client.close();
    return count;
  }

  it('serves from a process of its own and leaves none behind', async () => {
    await host.start(options);
    const pid = pidOf();
    await writeOne();

    expect(host.status).toBe('running');
    expect(pid).not.toBe(process.pid);
    expect(await countRows()).toBe(1n);

    await host.stop();
    expect(host.status).toBe('stopped');
    expect(isAlive(pid)).toBe(false);
  });

  it('starts again after a stop, with its data', async () => {
    await host.start(options);
    await writeOne();
    await host.stop();
    await host.start(options);

    expect(await countRows()).toBe(1n);
  });

  it('refuses a second start and a recovery while it runs', async () => {
    await host.start(options);

    await expect(host.start(options)).rejects.toMatchObject({ code: 'NODE_STATE' });
    await expect(host.recover(directory.path, [])).rejects.toMatchObject({ code: 'NODE_STATE' });
    expect(host.status).toBe('running');
  });

  it('is told the reason when the node cannot start, and may try again', async () => {
    await expect(host.start({ ...options, networkLatencyMs: -1 })).rejects.toMatchObject({
      code: 'NODE_START_FAILED',
    });
    expect(host.status).toBe('failed');

    await host.start(options);
    expect(host.status).toBe('running');
  });

  it('says that the library is missing', async () => {
    process.env['MICROCLUSTER_LIBDQLITE'] = '/nonexistent/libdqlite.so';
    try {
      await expect(host.start(options)).rejects.toMatchObject({ code: 'LIBRARY_MISSING' });
    } finally {
      delete process.env['MICROCLUSTER_LIBDQLITE'];
    }
  });

  it('refuses to dial before it runs, and closes what it is handed', async () => {
    await expect(host.dialLocal(timeLimit(1_000))).rejects.toMatchObject({
      code: 'NOT_OPEN',
    });
  });

  it('gives up a start that is cancelled, and leaves no process behind', async () => {
    const cancel = new AbortController();
    const starting = host.start(options, cancel.signal);
    const pid = pidOf();
    cancel.abort();

    await expect(starting).rejects.toThrow(/aborted|cancelled|ended/);
    expect(isAlive(pid)).toBe(false);
  });

  it('stops while it is starting', async () => {
    const starting = host.start(options);
    const pid = pidOf();
    await Promise.all([expect(starting).rejects.toThrow(/aborted|cancelled|ended/), host.stop()]);

    expect(host.status).toBe('stopped');
    expect(isAlive(pid)).toBe(false);
  });

  it('comes back with its data when it was killed, again and again', async () => {
    const history: NodeStatus[] = [];
    host.onStatus((status) => history.push(status));
    await host.start(options);
    await writeOne();
    for (let round = 0; round < 3; round += 1) {
      const pid = pidOf();
      process.kill(pid, 'SIGKILL');
      await eventually('the restart', () => host.status === 'running' && host.pid !== pid);
    }

    expect(await countRows()).toBe(1n);
    expect(history.join(' ')).toBe(`starting running${' restarting running'.repeat(3)}`);
  });

  it('stays away while it is suspended, and comes back with its data', async () => {
    await host.start(options);
    await writeOne();
    const pid = pidOf();
    host.suspend();
    await eventually('the end of the process', () => host.status === 'restarting');
    expect(isAlive(pid)).toBe(false);
    await expect(host.dialLocal(timeLimit(1_000))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    // Longer than the pause before a restart, in which the directory stays free for another one.
    const other = new DqliteProcess();
    await other.start(options);
    await other.stop();
    expect(host.status).toBe('restarting');
    expect(host.pid).toBeUndefined();

    host.resume();
    await eventually('the restart', () => host.status === 'running');
    expect(await countRows()).toBe(1n);
  });

  it('stops while it is suspended', async () => {
    await host.start(options);
    host.suspend();
    await eventually('the end of the process', () => host.status === 'restarting');
    await host.stop();
    expect(host.status).toBe('stopped');
  });

  it('stops while it waits to restart', async () => {
    await host.start(options);
    const crashed = new Promise<Error | undefined>((resolve) => {
      host.onStatus((status, reason) => status === 'restarting' && resolve(reason));
    });
    process.kill(pidOf(), 'SIGKILL');

    await expect(crashed).resolves.toMatchObject({ code: 'NODE_CRASHED' });
    await host.stop();
    expect(host.status).toBe('stopped');
  });

  it('waits for a directory that is about to be released, and says so when it is not', async () => {
    await host.start(options);
    const second = new DqliteProcess({ lockWaitMs: 100 });
    const elsewhere = { ...options, address: await freeAddress() };
    await expect(second.start(elsewhere)).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });

    const patient = new DqliteProcess();
    const starting = patient.start(options);
    await host.stop();
    await starting;

    expect(patient.status).toBe('running');
    await patient.stop();
  });

  it('waits as long when the clock of the machine is set a day ahead meanwhile', async () => {
    await host.start(options);
    const patient = new DqliteProcess();
    const starting = patient.start(options);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3_600_000 });
    try {
      // By the time that another one was refused, so was this one.
      const other = new DqliteProcess({ lockWaitMs: 100 });
      const elsewhere = { ...options, address: await freeAddress() };
      await expect(other.start(elsewhere)).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    } finally {
      vi.useRealTimers();
    }
    await host.stop();
    await starting;
    await patient.stop();
  });

  it('rewrites the membership in a process of its own', async () => {
    await host.start(options);
    await writeOne();
    const client = await leaderOf([options.address]);
    await client.add(5n, '127.0.0.1:1');
    client.close();
    await host.stop();

    await host.recover(directory.path, [
      { id: options.id, address: options.address, role: 'voter' },
    ]);
    await host.start(options);

    expect(await countRows()).toBe(1n);
    const survivor = await leaderOf([options.address]);
    const { body } = await survivor.request(16, Buffer.alloc(8));
    survivor.close();
    expect(body.readBigUInt64LE(0)).toBe(1n);
  });

  it('ignores the signals that a terminal sends to everybody', async () => {
    await host.start(options);
    const pid = pidOf();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    await writeOne();

    expect(host.pid).toBe(pid);
  });

  it('drains: stops at once in the middle of large results, without an abort', async () => {
    const history: (Error | undefined)[] = [];
    await host.start(options);
    const client = await leaderOf([options.address]);
    await client.openWarm('test');
    await client.exec('CREATE TABLE big (a, b)');
    await client.exec(
      'WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i<20000) INSERT INTO big SELECT i, hex(randomblob(40)) FROM r',
    );
    client.close();
    for (let round = 0; round < 4; round += 1) {
      const readers = await Promise.all(
        [1, 2, 3].map(async () => {
          const reader = await leaderOf([options.address]);
          await reader.openWarm('test');
          const answered = reader.query('SELECT * FROM big').catch(() => undefined);
          return { reader, answered };
        }),
      );
      host.onStatus((_, reason) => history.push(reason));
      await host.stop();
      await Promise.all(readers.map(({ reader }) => reader.ended));
      await Promise.all(readers.map(({ answered }) => answered));
      await host.start(options);
    }

    expect(history.filter((reason) => reason !== undefined)).toEqual([]);
    expect((await leaderOf([options.address])).close()).toBeUndefined();
  });

  describe('in an application that dies or hangs', () => {
    async function application(
      more: object = {},
    ): Promise<{ app: ChildProcess; childPid: number }> {
      const app = fork(new URL('./application.fixture.mjs', import.meta.url), {
        serialization: 'advanced',
        execArgv: [],
      });
      others.push(app);
      const started = new Promise<number>((resolve, reject) => {
        app.on('message', (pid) => (typeof pid === 'number' ? resolve(pid) : reject(pid)));
      });
      app.send({ options, process: more });
      return { app, childPid: await started };
    }

    it('leaves no orphan when it is killed, and the next one takes over with the data', async () => {
      const { app, childPid } = await application();
      await writeOne();
      app.kill('SIGKILL');
      await host.start(options);

      expect(isAlive(childPid)).toBe(false);
      expect(await countRows()).toBe(1n);
    });

    it('hands leadership over when it hangs, and goes on following', async () => {
      const peerDirectory = temporaryDirectory();
      const peer = new DqliteProcess();
      const peerOptions = {
        ...options,
        id: 77n,
        address: await freeAddress(),
        directory: peerDirectory.path,
      };
      try {
        const { app, childPid } = await application({
          watch: { intervalMs: 50, silenceMs: 2_000 },
        });
        await peer.start(peerOptions);
        const leader = await leaderOf([options.address]);
        await leader.add(77n, peerOptions.address);
        await leader.assign(77n, 0);
        app.kill('SIGSTOP');
        const next = await leaderOf([peerOptions.address]);

        await expect(next.leader()).resolves.toMatchObject({ address: peerOptions.address });
        expect(isAlive(childPid)).toBe(true);
        const follower = await RawClient.dial(options.address);
        await eventually(
          'the hung member following',
          async () => (await follower.leader()).address === peerOptions.address,
        );
        for (const client of [leader, next, follower]) client.close();
        app.kill('SIGCONT');
      } finally {
        await peer.stop();
        peerDirectory.remove();
      }
    });
  });
});
