import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { LoggerService } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatBackup } from './backup-format.js';
import { ScheduledBackups, type ScheduledBackupsParts } from './scheduled-backups.js';

let root: string;
let directory: string;
let running: ScheduledBackups | undefined;
const events: string[] = [];
const note = (message: unknown) => {
  const isEvent = typeof message === 'object' && message !== null && 'event' in message;
  if (isEvent) events.push(String(message.event));
};
const logger: LoggerService = { log: note, error: note, warn: note };

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'scheduled-'));
  directory = path.join(root, 'backups');
  events.length = 0;
});
afterEach(async () => {
  await running?.close();
  await rm(root, { recursive: true, force: true });
});

async function intact(): Promise<Readable> {
  const header = {
    created: '',
    application: '1',
    member: 'c1',
    schema: { internal: 6, external: 0 },
  };
  return formatBackup(header, Readable.from([]));
}

function start(parts: Partial<ScheduledBackupsParts> = {}): void {
  running = new ScheduledBackups({
    settings: { directory, intervalMs: 50, keep: 2 },
    isOpen: () => true,
    take: intact,
    logger,
    ...parts,
  });
  running.start();
}

describe('scheduled backups', () => {
  it('are taken at each interval, privately, and only the newest are kept', async () => {
    let taken = 0;
    start({
      now: () => new Date(Date.UTC(2026, 0, 1, 0, taken)),
      take: () => {
        taken += 1;
        return intact();
      },
    });
    await expect.poll(() => taken).toBeGreaterThan(4);
    await running?.close();
    const names = await readdir(directory);
    expect(names).toHaveLength(2);
    expect(names[0]).toMatch(/^backup-2026-01-01T/);
    const modes = await Promise.all(names.map((name) => stat(path.join(directory, name))));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600]);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('that fail leave nothing, keep the older ones, and are tried again', async () => {
    start({
      take: () => {
        if (events.length > 1) return intact();
        return Promise.resolve(Readable.from([Buffer.from('no backup')]));
      },
    });
    await expect.poll(() => events.includes('backup-taken')).toBe(true);
    await running?.close();
    expect(events.slice(0, 2)).toEqual(['scheduled-backup-failed', 'scheduled-backup-failed']);
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('wait for the database, and end with the daemon', async () => {
    let questions = 0;
    start({
      isOpen: () => {
        questions += 1;
        return false;
      },
    });
    await expect.poll(() => questions).toBeGreaterThan(2);
    await running?.close();
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
  });

  it('say so when their directory cannot be one', async () => {
    await writeFile(directory, '');
    start();
    await expect.poll(() => events[0]).toBe('scheduled-backup-failed');
  });
});
