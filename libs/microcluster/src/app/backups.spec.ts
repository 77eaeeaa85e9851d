import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRecordingServer } from '../client/recording-server.fixture.js';
import { Members } from '../recovery/member.fixture.js';
import { Microcluster } from './index.js';

let target: string;

beforeEach(async () => {
  target = await mkdtemp(path.join(tmpdir(), 'backups-'));
});
afterEach(async () => {
  await rm(target, { recursive: true, force: true });
});

const backupFile = () => path.join(target, 'backup.mcb');

describe('the limit of a backup', () => {
  it('holds also for the body of the reply', async () => {
    const socketPath = path.join(target, 'control.socket');
    const server = await startRecordingServer({ path: socketPath });
    try {
      server.answer = (_request, reply) => {
        reply.writeHead(200);
        reply.write('half of a back');
        return undefined;
      };
      const timeoutMs = 1_000;
      await expect(new Microcluster(target).backUp(backupFile(), { timeoutMs })).rejects.toThrow(
        expect.objectContaining({
          code: 'TIMEOUT',
          message: `The backup ${backupFile()} was not written within 1000 ms; check that the daemon is alive, or allow it more time`,
        }),
      );
      expect(await readdir(target)).toEqual(['control.socket']);
      // The daemon learns of it, too.
      await Promise.all(
        server.connections.map((socket) => socket.destroyed || once(socket, 'close')),
      );
    } finally {
      await server.close();
    }
  });

  it('holds also where the daemon is stopped', async () => {
    await using members = await Members.create();
    const app = new Microcluster(members.state('c1'));
    const began = performance.now();
    await app.backUp(backupFile());
    const timeoutMs = (performance.now() - began) / 4;
    await rm(backupFile());
    await expect(app.backUp(backupFile(), { timeoutMs })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    expect(await readdir(target)).toEqual([]);
    // Nothing of the copy stays, and nobody holds the directory.
    await app.backUp(backupFile());
  });

  it('is none by default, and leaves a check of the file to its own signal', async () => {
    await using members = await Members.create();
    const app = new Microcluster(members.state('c1'));
    const header = await app.backUp(backupFile());
    expect(await app.checkBackup(backupFile())).toEqual(header);
    const signal = AbortSignal.abort();
    await expect(app.checkBackup(backupFile(), { signal })).rejects.toThrow('abort');
  });
});
