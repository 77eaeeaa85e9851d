import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Daemon, type BringUp, type DaemonParts } from './daemon.js';

const done = () => Promise.resolve();
const never = () => undefined;
const none = () => Promise.resolve(0);

/**
 * A member that starts by `restart`, with nothing real around it.
 *
 * @param happened is filled with its hooks
 * @param parts what is not as everywhere
 */
function daemonOf(restart: BringUp, happened: string[], parts: Partial<DaemonParts> = {}): Daemon {
  return new Daemon({
    args: { socketGroup: undefined, drainConnectionsTimeout: 0 },
    state: { controlSocketPath: '/run/control.socket', close: done },
    identity: { address: '10.0.0.1:8443', hasCluster: true },
    trust: { byFingerprint: never, close: done },
    listeners: { openUnix: done, settle: none, closeAll: none },
    servers: { checkCoreAddress: never, openBeforeInit: done, retirePreInit: never },
    runtime: { handOver: done, closeListeners: done, closeDatabase: done },
    hooks: {
      run: (...given: readonly unknown[]) => {
        happened.push(String(given[0]));
        return Promise.resolve();
      },
    },
    logger: { log: never, warn: never, error: never },
    isInitialised: () => Promise.resolve(true),
    restart,
    ...parts,
  });
}

describe('a member that waits for an upgrade', () => {
  const waitForEver: BringUp = async (signal, waiting) => {
    waiting(['c2']);
    await once(signal, 'abort');
    throw signal.reason;
  };

  it('goes on as an uninitialised daemon when it is removed meanwhile', async () => {
    const happened: string[] = [];
    const daemon = daemonOf(waitForEver, happened);
    const started = daemon.start();
    await expect.poll(() => daemon.databaseStatus().transactions).toBe(true);

    await daemon.reset(done);
    await started;

    expect(daemon.databaseStatus().text).toBe('Database is not yet initialized');
    expect(daemon.isReady).toBe(true);
    expect(happened).toEqual(['start']);
  });

  it('ends its start with the reason when it is stopped meanwhile', async () => {
    const daemon = daemonOf(waitForEver, []);
    const started = daemon.start();
    await expect.poll(() => daemon.databaseStatus().transactions).toBe(true);

    await daemon.stop();

    await expect(started).rejects.toThrow('Daemon is shutting down');
    expect(daemon.databaseStatus().text).toBe('Database is offline');
  });
});

it('takes no bootstrap and no join until it knows that it is no member', async () => {
  let answer: (isMember: boolean) => void = never;
  const looking = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  const daemon = daemonOf(() => Promise.reject(new Error('it is none')), [], {
    isInitialised: () => looking,
  });
  const started = daemon.start();

  expect(daemon.accepts({ type: 'start' })).toBe(false);
  expect(daemon.isMember).toBe(true);
  answer(false);
  await started;

  expect(daemon.accepts({ type: 'start' })).toBe(true);
  expect(daemon.isMember).toBe(false);
});

describe('a member that stops', () => {
  /** A started member, and what its parts do when it stops, in order. */
  async function started(drainConnectionsTimeout: number) {
    const steps: string[] = [];
    let daemon: Daemon | undefined;
    const step = (name: string) => {
      steps.push(`${name}, work ${daemon?.drained.aborted === true ? 'aborted' : 'goes on'}`);
      return Promise.resolve();
    };
    daemon = daemonOf(() => Promise.resolve('member'), [], {
      args: { socketGroup: undefined, drainConnectionsTimeout },
      listeners: {
        openUnix: done,
        settle: (name, limitMs) => step(`wait ${limitMs} ms for ${name}`).then(none),
        closeAll: none,
      },
      runtime: {
        handOver: () => step('hand over'),
        closeListeners: ({ drainMs }) => step(`drain the network for ${drainMs} ms`),
        closeDatabase: () => step('close the database'),
      },
    });
    await daemon.start();
    return { daemon, steps };
  }

  it('closes the database after requests on network and control socket, whose work goes on until then', async () => {
    const { daemon, steps } = await started(30_000);
    await daemon.stop();
    expect(steps).toEqual([
      'hand over, work goes on',
      'drain the network for 30000 ms, work goes on',
      'wait 30000 ms for unix, work goes on',
      'close the database, work aborted',
    ]);
  });

  it('aborts the work of requests at once when it does not drain', async () => {
    const { daemon, steps } = await started(0);
    await daemon.stop();
    expect(steps).toEqual([
      'hand over, work aborted',
      'drain the network for 0 ms, work aborted',
      'wait 0 ms for unix, work aborted',
      'close the database, work aborted',
    ]);
  });
});
