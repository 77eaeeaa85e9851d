/** What a service manager is told, and what is taken from it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatagramReceiver } from '../../../dqlite/src/native/datagram.fixture.js';
import type { LifeCycleState } from '../lifecycle/life-cycle.js';
import { decideNotification } from './decide-notification.js';
import { ServiceManager } from './service-manager.js';
import { superviseDaemon } from './supervision.js';

let directory: string;
let warnings: unknown[];
const logger = { warn: (event: unknown) => void warnings.push(event) };

beforeEach(async () => {
  warnings = [];
  directory = await mkdtemp(path.join(tmpdir(), 'service-manager-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the environment', () => {
  it('names the manager, and then no longer', () => {
    const environment = {
      NOTIFY_SOCKET: '@x',
      WATCHDOG_USEC: '1000',
      WATCHDOG_PID: '7',
      HOME: '/',
    };
    expect(ServiceManager.fromEnvironment(logger, environment, 7)).toBeDefined();
    expect(environment).toEqual({ HOME: '/' });
  });

  it.each([{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: 'vsock:2:1' }, { NOTIFY_SOCKET: '@' }])(
    'names none: %j',
    (environment) => {
      expect(ServiceManager.fromEnvironment(logger, { ...environment })).toBeUndefined();
    },
  );
});

describe('a service manager', () => {
  it.each([
    ['a path', () => path.join(directory, 'notify')],
    ['an abstract name', () => `@microcluster-${randomUUID()}`],
  ])('is told in order, at %s', async (_kind, address) => {
    using receiver = new DatagramReceiver(address());
    const manager = new ServiceManager(receiver.address, undefined, logger);
    manager.notify({ status: 'Starting\nup', extendMs: 1_500 });
    manager.notify({ ready: true });
    manager.notify({ stopping: true, status: 'Stopping' });
    manager.notify({});
    await manager.flush();
    expect(receiver.take()).toEqual([
      'EXTEND_TIMEOUT_USEC=1500000\nSTATUS=Starting up',
      'READY=1',
      'STOPPING=1\nSTATUS=Stopping',
    ]);
  });

  it('that is gone is logged once, and harms nobody', async () => {
    const manager = new ServiceManager(path.join(directory, 'gone'), undefined, logger);
    manager.notify({ ready: true });
    manager.notify({ status: 'x' });
    await manager.flush();
    expect(warnings).toEqual([expect.objectContaining({ event: 'service-manager-unreachable' })]);
  });

  it('gets signs of life while there is life, and only when it wants them', async () => {
    using receiver = new DatagramReceiver(path.join(directory, 'notify'));
    let isAlive = true;
    const manager = ServiceManager.fromEnvironment(logger, {
      NOTIFY_SOCKET: receiver.address,
      WATCHDOG_USEC: '20000',
    });
    manager?.watch(() => isAlive);
    const taken: string[] = [];
    await expect
      .poll(() => {
        taken.push(...receiver.take());
        return taken.length;
      })
      .toBeGreaterThan(2);
    expect(new Set(taken)).toEqual(new Set(['WATCHDOG=1']));
    let asked = 0;
    isAlive = false;
    const dead = ServiceManager.fromEnvironment(logger, {
      NOTIFY_SOCKET: receiver.address,
      WATCHDOG_USEC: '2000',
    });
    receiver.take();
    dead?.watch(() => {
      asked += 1;
      return false;
    });
    await expect.poll(() => asked).toBeGreaterThan(2);
    expect(receiver.take()).toEqual([]);
    const other = ServiceManager.fromEnvironment(
      logger,
      { NOTIFY_SOCKET: receiver.address, WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' },
      2,
    );
    other?.watch(() => true);
    await other?.flush();
    expect(receiver.take()).toEqual([]);
  });
});

describe('each state of a daemon', () => {
  const facts = {
    name: 'c1',
    address: '10.0.0.1:8443',
    startLimitMs: 150_000,
    stopLimitMs: 40_000,
  };
  const states: [LifeCycleState, object][] = [
    [
      { name: 'not-initialised' },
      { status: 'Not a member of a cluster yet; bootstrap it or join one' },
    ],
    [
      { name: 'starting' },
      { status: 'Starting: looking for the other members', extendMs: 150_000 },
    ],
    [
      { name: 'waiting', blockedBy: ['c2', 'c3'] },
      {
        ready: true,
        status:
          'Database is waiting for an upgrade: 2 cluster members have not yet received the update',
      },
    ],
    [{ name: 'ready' }, { status: 'Member "c1" of the cluster, at 10.0.0.1:8443' }],
    [{ name: 'resetting' }, { status: 'Leaving the cluster' }],
    [{ name: 'stopping' }, { stopping: true, status: 'Stopping', extendMs: 40_000 }],
    [{ name: 'offline' }, { status: 'Stopped' }],
  ];

  it.each(states)('%j is told as %j', (state, expected) => {
    expect(decideNotification({ ...facts, state })).toEqual(expected);
  });

  it('is told as it comes', async () => {
    using receiver = new DatagramReceiver(path.join(directory, 'notify'));
    const manager = new ServiceManager(receiver.address, undefined, logger);
    const timeouts = { request: 1, statement: 1, ready: 120_000, probe: 1, handover: 10_000 };
    superviseDaemon(manager, {
      daemon: {
        onTransition: (listener) => {
          listener({ name: 'not-initialised' });
          listener({ name: 'starting' });
        },
      },
      identity: { name: 'c1', address: '' },
      health: { live: () => ({ status: 'ok', checks: [] }) },
      args: { timeouts, drainConnectionsTimeout: 0 },
      servers: { additional: [] },
    });
    await manager.flush();
    expect(receiver.take()).toEqual([
      'STATUS=Not a member of a cluster yet; bootstrap it or join one',
      'EXTEND_TIMEOUT_USEC=150000000\nSTATUS=Starting: looking for the other members',
    ]);
  });

  it.each([
    ['the hand-over', 0, [], 10],
    ['the drain of the Core API, then the control socket', 20_000, [], 10 + 20 + 20],
    ['a longer drain of a server, then the control socket', 20_000, [0, 60_000], 10 + 60 + 20],
    ['a shorter drain of a server', 20_000, [5_000], 10 + 20 + 20],
    ['the drain of a server alone', 0, [3_600_000], 10 + 3_600],
  ])(
    'announces a stop that covers %s, and a margin',
    async (_what, drainConnectionsTimeout, drainLimits, seconds) => {
      using receiver = new DatagramReceiver(path.join(directory, 'notify'));
      const manager = new ServiceManager(receiver.address, undefined, logger);
      const timeouts = { request: 1, statement: 1, ready: 120_000, probe: 1, handover: 10_000 };
      superviseDaemon(manager, {
        daemon: { onTransition: (listener) => listener({ name: 'stopping' }) },
        identity: { name: 'c1', address: '' },
        health: { live: () => ({ status: 'ok', checks: [] }) },
        args: { timeouts, drainConnectionsTimeout },
        servers: { additional: drainLimits.map((drainTimeoutMs) => ({ drainTimeoutMs })) },
      });
      await manager.flush();
      expect(receiver.take().join()).toContain(`EXTEND_TIMEOUT_USEC=${seconds + 30}000000\n`);
    },
  );
});
