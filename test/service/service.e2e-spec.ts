/** A daemon as a service manager runs it: notified, watched, with sockets that it inherits, and its log in JSON. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DatagramReceiver } from '../../libs/dqlite/src/native/datagram.fixture.js';
import { ListeningSocket } from '../../libs/dqlite/src/native/listening-socket.fixture.js';
import { freeAddresses } from '../support/addresses.js';
import { eventually } from '../support/eventually.js';
import { REPOSITORY } from '../support/programs.js';
import { overSocket } from '../support/requests.js';

const LIMIT_MS = 120_000;

let directory: string;
let manager: DatagramReceiver;
let sockets: ListeningSocket[];
let daemon: ChildProcess;
let coreAddress: string;
let metricsAddress: string;
const told: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'microcluster-service-'));
  manager = new DatagramReceiver(join(directory, 'notify'));
  [coreAddress = '', metricsAddress = ''] = await freeAddresses(2);
  // The manager keeps its descriptors; nobody accepts on them.
  const addresses = [join(directory, 'control.socket'), coreAddress, metricsAddress];
  sockets = addresses.map((address) => new ListeningSocket(address));
  const log = openSync(join(directory, 'log'), 'a');
  daemon = spawn(
    'sh',
    [
      '-c',
      // A service manager knows the process that it starts; here the shell becomes it.
      'LISTEN_PID=$$ exec "$0" "$@"',
      process.execPath,
      join(REPOSITORY, 'dist/microd/main.js'),
      '--state-dir',
      directory,
      '--heartbeat',
      '200ms',
      '--metrics',
      metricsAddress,
      '--log-format',
      'json',
    ],
    {
      stdio: ['ignore', log, log, ...sockets.map(({ descriptor }) => descriptor)],
      env: {
        ...process.env,
        MICROCLUSTER_ENGINE: 'sqlite',
        NOTIFY_SOCKET: manager.address,
        WATCHDOG_USEC: '200000',
        LISTEN_FDS: '3',
        LISTEN_FDNAMES: 'control:core:metrics',
      },
    },
  );
  closeSync(log);
});

afterAll(async () => {
  if (daemon.exitCode === null) daemon.kill('SIGKILL');
  manager[Symbol.dispose]();
  for (const socket of sockets) socket[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Waits until the manager was told `line`. */
function untilTold(line: string): Promise<void> {
  return eventually(`the service manager to be told ${line}`, LIMIT_MS, async () => {
    told.push(...manager.take().flatMap((message) => message.split('\n')));
    if (told.includes(line)) return;
    throw new Error(`it was told ${JSON.stringify(told)}\n${await log()}`);
  });
}

function log(): Promise<string> {
  return readFile(join(directory, 'log'), 'utf8');
}

function request(method: string, path: string, body?: unknown) {
  return overSocket(join(directory, 'control.socket'), method, path, body);
}

it('is told when the daemon is ready, what it does, and that it lives', async () => {
  await untilTold('READY=1');
  await untilTold('STATUS=Not a member of a cluster yet; bootstrap it or join one');
  await untilTold('WATCHDOG=1');
  expect(told.indexOf('READY=1')).toBe(told.lastIndexOf('READY=1'));
});

it('passes on the control socket and the address of the Core API', async () => {
  const bootstrap = { bootstrap: true, name: 'c1', address: coreAddress };
  expect((await request('POST', '/core/control', bootstrap)).error).toBe('');
  await untilTold(`STATUS=Member "c1" of the cluster, at ${coreAddress}`);
  await eventually('the member to be ready', LIMIT_MS, async () => {
    const { status, error } = await request('GET', '/core/1.0/readyz');
    expect({ status, error }).toEqual({ status: 200, error: '' });
  });
});

it('passes on the address of the metrics', async () => {
  const answer = await fetch(`http://${metricsAddress}/metrics`);
  expect(await answer.text()).toContain('\nmicrocluster_is_leader 1\n');
});

it('is told of the stop; every line of the log is an object', async () => {
  daemon.kill('SIGTERM');
  const [code] = await once(daemon, 'exit', { signal: AbortSignal.timeout(LIMIT_MS) });
  expect(code).toBe(0);
  await untilTold('STOPPING=1');
  const lines = (await log()).trimEnd().split('\n');
  const events = lines.map((line) => {
    const record: unknown = JSON.parse(line);
    return record;
  });
  expect(events).toContainEqual(
    expect.objectContaining({
      event: 'inherited-socket',
      name: 'core',
      address: coreAddress,
      level: 'info',
      context: 'Daemon',
      time: expect.any(String),
    }),
  );
  expect(events).toContainEqual(expect.objectContaining({ event: 'life-cycle', to: 'offline' }));
});
