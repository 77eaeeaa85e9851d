/** Listening on sockets that somebody else opened. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ListeningSocket } from '../../../dqlite/src/native/listening-socket.fixture.js';
import { TestDaemon } from '../listeners/daemon.fixture.js';
import { freeAddress } from '@microcluster/dqlite/free-address';
import { inheritSockets, InheritedSockets, type InheritedSocket } from './inherited-sockets.js';

let directory: string;
let daemon: TestDaemon | undefined;
let events: unknown[];
const open: ListeningSocket[] = [];
const note = (event: unknown) => void events.push(event);
const logger = { log: note, warn: note };

beforeEach(async () => {
  events = [];
  directory = await mkdtemp(path.join(tmpdir(), 'inherited-'));
});
afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
  for (const socket of open.splice(0)) socket[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

function inherited(name: string, address: string): InheritedSocket {
  const socket = new ListeningSocket(address);
  open.push(socket);
  return { name, address, descriptor: socket.descriptor };
}

/** A daemon whose listeners may use `sockets`. */
async function start(...sockets: InheritedSocket[]): Promise<TestDaemon> {
  daemon = await TestDaemon.create(
    {},
    { listeners: { inherited: new InheritedSockets(sockets, logger) } },
  );
  return daemon;
}

/** Whether a connection is taken and then closed for sending no request: by a listener, not by a queue. */
function isServed(where: { path: string } | { port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where, () => socket.end('nonsense\r\n\r\n'));
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('close', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
}

describe('the control socket', () => {
  it('is the inherited one, with the mode that it has, and stays when it is closed', async () => {
    const file = path.join(directory, 'control.socket');
    const { listeners } = await start(inherited('control', file));
    const { ino, mode } = await stat(file);
    await listeners.openUnix({ path: file, group: 'no-such-group' });
    expect(await stat(file)).toMatchObject({ ino, mode });
    expect(listeners.addressOf('unix')).toBe(file);
    expect(await isServed({ path: file })).toBe(true);
    await listeners.close('unix');
    expect(await stat(file)).toMatchObject({ ino });
  });

  it('is opened as usual where the inherited one has another path, which is said', async () => {
    const other = path.join(directory, 'other.socket');
    const file = path.join(directory, 'control.socket');
    const { listeners } = await start(inherited('control', other));
    await listeners.openUnix({ path: file });
    expect(await isServed({ path: file })).toBe(true);
    expect(events).toEqual([
      { event: 'inherited-socket-unused', listener: 'control', address: other },
    ]);
  });
});

describe('a network listener', () => {
  it.each(['core', 'microd.socket'])(
    'opens on the inherited socket called %s at its address, again and again',
    async (name) => {
      const address = await freeAddress();
      const port = Number(address.slice(address.indexOf(':') + 1));
      const { listeners, serverPair } = await start(inherited(name, address));
      for (let time = 0; time < 2; time += 1) {
        await listeners.requireFree(address);
        await listeners.openTls({ name: 'core', address, keyPair: serverPair });
        expect(listeners.addressOf('core')).toBe(address);
        expect(await isServed({ port })).toBe(true);
        await listeners.close('core');
      }
      expect(events).toEqual([]);
    },
  );

  it('takes the socket with its name, where two are bound to its address', () => {
    const file = path.join(directory, 'socket');
    const twice = inherited('other', file);
    // A descriptor that cannot be duplicated tells which one was taken.
    const named = { ...twice, name: 'core', descriptor: -1 };
    const sockets = new InheritedSockets([twice, named], logger);
    expect(() => sockets.descriptorFor('core', () => true)).toThrow('-1');
    expect(sockets.descriptorFor('core', () => false)).toBeUndefined();
  });
});

describe('the environment', () => {
  it('is for the process that it names', () => {
    const environment = { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'core' };
    expect(inheritSockets(logger, environment, 2).has(() => true)).toBe(false);
    expect(environment).toHaveProperty('LISTEN_FDS');
  });

  it.each(['', 'many', '-1', '0'])('passes on nothing with LISTEN_FDS=%s', (LISTEN_FDS) => {
    const environment = { LISTEN_PID: '2', LISTEN_FDS };
    expect(inheritSockets(logger, environment, 2).has(() => true)).toBe(false);
    expect(environment).toEqual({});
  });

  it('may pass on what is no listening socket, which is said and left alone', () => {
    // Whatever descriptor 3 of this process is, nobody listens on it.
    const environment = { LISTEN_PID: '2', LISTEN_FDS: '1', LISTEN_FDNAMES: 'core' };
    expect(inheritSockets(logger, environment, 2).has(() => true)).toBe(false);
    expect(events).toEqual([{ event: 'inherited-socket-unusable', name: 'core', descriptor: 3 }]);
  });
});
