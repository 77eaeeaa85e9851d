/** From the embedded engine to dqlite, interrupted at every point that leaves something on the disk. */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SqliteEngine } from '@microcluster/dqlite';
import { ConsoleLogger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenEngine } from './engine-runtime.js';
import { moveToDqlite } from './move-to-dqlite.js';
import { openEngine } from './open-engine.js';
import { generateKeyPair } from '../certificates/index.js';
import { parseDaemonArgs } from '../options/index.js';
import { recordedEngine, recordEngine } from './recorded-engine.js';
import { openSolitaryNode } from './solitary-node.js';

const ADDRESS = '127.0.0.1:1';
const signal = AbortSignal.timeout(120_000);

let root: string;
let original: string;
let copies = 0;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'move-'));
  original = path.join(root, 'original');
  await mkdir(original);
  await recordEngine(original, 'sqlite');
  const engine = new SqliteEngine({ file: path.join(original, 'embedded.db') });
  await engine.open();
  await engine.run('CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)');
  await engine.run('CREATE TABLE parts (item INTEGER REFERENCES items(id))');
  await engine.run(`INSERT INTO items VALUES (9007199254740993, 'it''s')`);
  await engine.run('INSERT INTO parts VALUES (9007199254740993)');
  await engine.close();
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function copyOf(from: string): Promise<string> {
  copies += 1;
  const directory = path.join(root, `copy-${copies}`);
  await cp(from, directory, { recursive: true });
  return directory;
}

const move = (directory: string) => moveToDqlite({ directory, address: ADDRESS, signal });

/** The engine as a start opens it whose settings name none. */
async function restart(directory: string): Promise<OpenEngine> {
  const logger = new ConsoleLogger({ logLevels: [] });
  const args = parseDaemonArgs({ stateDir: directory, version: '1', logger }, {});
  const pair = await generateKeyPair({ commonName: 'c1' });
  const trusted = [pair.certificate];
  const trust = { identity: pair, serving: pair, trustedServers: trusted, trustedPeers: [] };
  const options = {
    plan: { kind: 'restart' } as const,
    address: ADDRESS,
    directory,
    trust,
    signal,
  };
  return openEngine(args, options, () => Promise.resolve());
}

/** What the member has after its move. */
async function outcome(directory: string): Promise<unknown> {
  const engine = await recordedEngine(directory);
  const node = await openSolitaryNode(directory, ADDRESS);
  try {
    const { rows } = await node.sql.run(
      'SELECT CAST(items.id AS TEXT), name, count(parts.item) FROM items JOIN parts ON parts.item = items.id',
    );
    const names = await readdir(directory);
    return { engine, rows, kept: names.includes('embedded.db.before-dqlite') };
  } finally {
    await node.close();
  }
}

const MOVED = { engine: 'dqlite', rows: [['9007199254740993', "it's", 1]], kept: true };

describe('a member on the embedded engine', () => {
  it('is moved to dqlite with its data, and keeps the original', async () => {
    const directory = await copyOf(original);
    await move(directory);
    expect(await outcome(directory)).toEqual(MOVED);
    const kept = new SqliteEngine({ file: path.join(directory, 'embedded.db.before-dqlite') });
    await kept.open();
    expect((await kept.run('SELECT name FROM items')).rows).toEqual([["it's"]]);
    await kept.close();
  }, 60_000);

  it('is moved by whatever start comes next once the copy is complete', async () => {
    const directory = await copyOf(original);
    await move(directory);
    const staging = path.join(directory, 'moving-to-dqlite');
    await mkdir(staging);
    await writeFile(path.join(staging, 'complete'), ADDRESS);
    await recordEngine(directory, 'sqlite');
    const engine = await restart(directory);
    expect(engine.name).toBe('dqlite');
    await engine.close();
    expect(await outcome(directory)).toEqual(MOVED);
  }, 60_000);

  it('is not given an empty database when its own is missing', async () => {
    const directory = await copyOf(original);
    await rm(path.join(directory, 'embedded.db'));
    await expect(restart(directory)).rejects.toThrow(
      'embedded.db cannot be read: it is missing although this member has a database',
    );
  });

  it('starts the copy over when it was interrupted within', async () => {
    const directory = await copyOf(original);
    await mkdir(path.join(directory, 'moving-to-dqlite'));
    await writeFile(path.join(directory, 'moving-to-dqlite', 'metadata1'), 'half');
    await move(directory);
    expect(await outcome(directory)).toEqual(MOVED);
  }, 60_000);

  it('goes on where it was interrupted while the files were exchanged', async () => {
    const moved = await copyOf(original);
    await move(moved);
    // As after a crash between two renames.
    const staging = path.join(moved, 'moving-to-dqlite');
    await mkdir(staging);
    await writeFile(path.join(staging, 'complete'), ADDRESS);
    for (const name of ['info.yaml', 'cluster.yaml']) {
      await rename(path.join(moved, name), path.join(staging, name));
    }
    await recordEngine(moved, 'sqlite');
    await move(moved);
    expect(await outcome(moved)).toEqual(MOVED);
  }, 60_000);
});
