import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireStateLock } from '../state/state-lock.js';
import { holdStoppedState } from './running-daemon.js';

let root: string;
let socketPath: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'running-'));
  socketPath = path.join(root, 'control.socket');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('taking a state directory for an offline change', () => {
  it('is refused while somebody listens on the control socket', async () => {
    const server = createServer().listen(socketPath);
    await once(server, 'listening');
    try {
      await expect(holdStoppedState(root)).rejects.toThrow(
        `Daemon is running (socket path exists: "${socketPath}")`,
      );
    } finally {
      server.close();
    }
  });

  it('is refused while a daemon that has no socket yet holds it', async () => {
    const lock = acquireStateLock(root);
    try {
      await expect(holdStoppedState(root)).rejects.toThrow('Daemon is running');
    } finally {
      lock.release();
    }
  });

  it('succeeds beside the socket of a daemon that was killed, and keeps others out', async () => {
    const program = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await stat(socketPath)).isSocket()).toBe(true);
    const held = await holdStoppedState(root);
    expect(() => acquireStateLock(root)).toThrow('Another daemon');
    held.release();
  });
});
