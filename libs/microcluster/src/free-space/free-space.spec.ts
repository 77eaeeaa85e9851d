import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SqliteEngine, type SqlEngine } from '@microcluster/dqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideSpace, reserveOf } from './decide-space.js';
import { guardedEngine, SpaceGuard } from './index.js';

const MIB = 1024 * 1024;
const silent = { log: () => undefined, error: () => undefined };

describe('the decision', () => {
  it.each([
    ['enough', 64, 'enough'],
    ['enough', 63, 'low'],
    ['low', 64, 'low'],
    ['low', 79, 'low'],
    ['low', 80, 'enough'],
    ['low', 32, 'low'],
    ['low', 31, 'exhausted'],
    ['enough', 31, 'exhausted'],
    ['exhausted', 64, 'exhausted'],
    ['exhausted', 79, 'exhausted'],
    ['exhausted', 80, 'enough'],
  ] as const)('after %s, with %i MiB free, is %s', (before, free, expected) => {
    const space = { free: free * MIB, size: 100_000 * MIB };
    expect(decideSpace(before, space, 64 * MIB)).toBe(expected);
  });

  it('takes at most a tenth of a small file system', () => {
    expect(reserveOf({ free: 0, size: 100 * MIB }, 64 * MIB)).toBe(10 * MIB);
  });
});

describe('an engine on a disk that fills up', () => {
  let directory: string;
  let engine: SqlEngine;
  let guard: SpaceGuard;
  let free: number;
  let timesLow = 0;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'space-'));
    free = 1_000 * MIB;
    timesLow = 0;
    guard = new SpaceGuard({
      directory,
      minimumFreeBytes: 64 * MIB,
      logger: silent,
      intervalMs: 10,
      read: () => Promise.resolve({ free, size: 10_000 * MIB }),
    });
    guard.onLow(() => {
      timesLow += 1;
    });
    engine = guardedEngine(new SqliteEngine({ file: path.join(directory, 'db') }), guard);
    await engine.open();
    await engine.run('CREATE TABLE t (v INTEGER)');
  });
  afterEach(async () => {
    await guard.close();
    await engine.close();
    await rm(directory, { recursive: true });
  });

  const insert = (): Promise<unknown> => engine.run('INSERT INTO t VALUES (1)');
  const filled = async (): Promise<void> => {
    free = 5 * MIB;
    await expect.poll(() => timesLow).toBe(1);
  };

  it('refuses writes of every kind with the directory and the way out, and goes on reading', async () => {
    await insert();
    const connection = await engine.acquire();
    await filled();
    const refusal = {
      code: 'DISK_FULL',
      status: 507,
      message: `The file system of ${directory} has only 5 MiB left, of which 64 MiB are kept free, so nothing is written until there is more; delete what is not needed, or enlarge it`,
    };
    await expect(insert()).rejects.toMatchObject(refusal);
    await expect(connection.run('DELETE FROM t')).rejects.toMatchObject(refusal);
    await expect(connection.begin('immediate')).rejects.toMatchObject(refusal);
    await expect(engine.acquire({ write: true })).rejects.toMatchObject(refusal);
    expect((await engine.run('SELECT count(*) FROM t')).rows).toEqual([[1]]);
    expect((await connection.run('PRAGMA integrity_check')).rows).toEqual([['ok']]);
    await connection.release();
  });

  it('lets a transaction end that has begun', async () => {
    const connection = await engine.acquire();
    await connection.begin('immediate');
    await connection.run('INSERT INTO t VALUES (2)');
    await filled();
    await connection.run('INSERT INTO t VALUES (3)');
    await connection.commit();
    await connection.release();
    expect((await engine.run('SELECT v FROM t')).rows).toEqual([[2], [3]]);
  });

  it('takes writes again by itself when there is space', async () => {
    await filled();
    await expect(insert()).rejects.toMatchObject({ code: 'DISK_FULL' });
    free = 1_000 * MIB;
    await expect.poll(() => insert().then(() => 'written', String)).toBe('written');
  });
});

describe.skipIf(process.getuid?.() !== 0)('a real file system of 32 MiB', () => {
  it('is noticed to be full, and to have space again', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'space-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', directory]);
    const guard = new SpaceGuard({
      directory,
      minimumFreeBytes: 64 * MIB,
      logger: silent,
      intervalMs: 10,
    });
    const answer = (): string => {
      try {
        guard.requireSpace();
        return 'space';
      } catch (error) {
        return String(error);
      }
    };
    try {
      const file = path.join(directory, 'filler');
      await writeFile(file, Buffer.alloc(30 * MIB));
      await expect.poll(answer).toContain('has only 2 MiB left, of which 4 MiB are kept free');
      await rm(file);
      await expect.poll(answer).toBe('space');
    } finally {
      await guard.close();
      execFileSync('umount', [directory]);
      await rm(directory, { recursive: true });
    }
  });
});
