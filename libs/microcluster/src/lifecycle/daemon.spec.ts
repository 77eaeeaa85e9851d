import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Daemon, type BringUp } from './daemon.js';

const done = () => Promise.resolve();
const never = () => undefined;

/** A member that starts by `restart`, with nothing real around it; `happened` is filled with its hooks. */
function daemonOf(
  restart: BringUp,
  happened: string[],
  isInitialised: () => Promise<boolean> = () => Promise.resolve(true),
): Daemon {
  return new Daemon({
    args: { socketGroup: undefined, drainConnectionsTimeout: 0 },
    state: { controlSocketPath: '/run/control.socket', close: done },
    identity: { address: '10.0.0.1:8443', hasCluster: true },
    trust: { byFingerprint: never, close: done },
    listeners: { openUnix: done, closeAll: () => Promise.resolve(0) },
    servers: { checkCoreAddress: never, openBeforeInit: done, retirePreInit: never },
    runtime: { close: done },
    hooks: {
      run: (...given: readonly unknown[]) => {
        happened.push(String(given[0]));
        return Promise.resolve();
      },
    },
    logger: { log: never, warn: never, error: never },
    isInitialised,
    restart,
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
  const daemon = daemonOf(
    () => Promise.reject(new Error('it is none')),
    [],
    () => looking,
  );
  const started = daemon.start();

  expect(daemon.accepts({ type: 'start' })).toBe(false);
  expect(daemon.isMember).toBe(true);
  answer(false);
  await started;

  expect(daemon.accepts({ type: 'start' })).toBe(true);
  expect(daemon.isMember).toBe(false);
});
