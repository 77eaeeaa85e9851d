import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUpDatabase, packDatabase, unpackDatabase } from './archives.js';

let root: string;
let file: string;
let target: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'archives-'));
  file = path.join(root, 'recovery_db.tar.gz');
  target = path.join(root, 'recovery_db');
});
afterEach(() => rm(root, { recursive: true, force: true }));

interface Entry {
  readonly path: string;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'FIFO' | 'CharacterDevice';
  readonly linkpath?: string;
  readonly content?: string;
}

/** An archive as no honest program makes it. */
function archive(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ content = '', type = 'File', ...rest }) => {
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    const header = new Header({ ...rest, type, mode: 0o777, size: content.length });
    const head = Buffer.alloc(512);
    header.encode(head, 0);
    return [head, body];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const honest: Entry[] = [
  { path: 'cluster.yaml', content: 'a' },
  { path: 'recovery.yaml', content: 'b' },
  { path: 'metadata1', content: 'c' },
];

async function modes(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).toSorted();
  const entries = await Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const { mode } = await stat(path.join(directory, name));
      return [name, (mode & 0o777).toString(8)];
    }),
  );
  return Object.fromEntries(entries);
}

describe('the archive for the other members', () => {
  it('carries the data and the lists of members, and neither identity nor notes of its maker', async () => {
    const database = path.join(root, 'database');
    await mkdir(database);
    const files = ['0000000000000001-0000000000000002', 'open-3', 'snapshot-1-2-3', 'metadata1'];
    const own = ['info.yaml', 'engine', 'node.lock', 'join', 'recovering', 'tmp-snapshot'];
    for (const name of [...files, ...own, 'cluster.yaml', 'recovery.yaml']) {
      await writeFile(path.join(database, name), name);
    }
    await packDatabase(database, file);
    await unpackDatabase(file, target);
    const expected = [...files, 'cluster.yaml', 'recovery.yaml'].toSorted();
    expect(Object.keys(await modes(target))).toEqual(expected);
    expect(await readFile(path.join(target, 'open-3'), 'utf8')).toBe('open-3');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is unpacked in every form in which Go may write it, for its owner alone', async () => {
    const entries: Entry[] = [
      { path: './', type: 'Directory' },
      { path: './dqlite-lock' },
      { path: './info.yaml', content: 'somebody else' },
      ...honest.map((entry) => ({ ...entry, path: `./${entry.path}` })),
    ];
    await writeFile(file, archive(entries));
    await unpackDatabase(file, target);
    expect(await modes(target)).toEqual({
      'cluster.yaml': '600',
      metadata1: '600',
      'recovery.yaml': '600',
    });
  });

  it.each<[string, Entry]>([
    ['leaves the directory', { path: '../metadata1' }],
    ['leaves the directory', { path: 'a/../../metadata1' }],
    ['is no name in the directory', { path: '/etc/metadata1' }],
    ['is no name in the directory', { path: 'a\\metadata1' }],
    ['is in a folder', { path: 'a/metadata1' }],
    ['holds a folder', { path: 'a/', type: 'Directory' }],
    ['is no file but a SymbolicLink', { path: 'metadata2', type: 'SymbolicLink', linkpath: '/x' }],
    ['is no file but a Link', { path: 'metadata2', type: 'Link', linkpath: 'metadata1' }],
    ['is no file but a FIFO', { path: 'metadata2', type: 'FIFO' }],
    ['is no file but a CharacterDevice', { path: 'metadata2', type: 'CharacterDevice' }],
    ['holds "metadata1" twice', { path: './metadata1', content: 'other' }],
  ])('is refused when it %s: %j', async (reason, entry) => {
    await writeFile(file, archive([...honest, entry]));
    await expect(unpackDatabase(file, target)).rejects.toThrow(reason);
    expect(await readdir(root)).toEqual(['recovery_db.tar.gz']);
  });

  it.each<[string, Buffer]>([
    ['no archive', Buffer.from('hello')],
    ['empty', Buffer.alloc(0)],
    ['cut off', archive(honest).subarray(0, 80)],
    ['without a list of members', archive(honest.filter(({ path: p }) => p !== 'recovery.yaml'))],
  ])('is refused when it is %s, and nothing is left of it', async (_what, bytes) => {
    await writeFile(file, bytes);
    await expect(unpackDatabase(file, target)).rejects.toMatchObject({
      code: 'STATE_FILE_UNREADABLE',
      message: expect.stringContaining(`${file} cannot be read: `),
    });
    expect(await readdir(root)).toEqual(['recovery_db.tar.gz']);
  });
});

describe('the backup', () => {
  it('holds the whole directory under its name, for its owner alone', async () => {
    await mkdir(path.join(root, 'database'));
    await writeFile(path.join(root, 'database', 'info.yaml'), 'me');
    const backup = await backUpDatabase(root, new Date());
    expect(path.basename(backup)).toMatch(
      /^db_backup\.\d{4}-\d\d-\d\dT\d{6}(Z|[+-]\d{4})\.tar\.gz$/,
    );
    expect((await stat(backup)).mode & 0o777).toBe(0o600);
    const { list } = await import('tar');
    const names: string[] = [];
    await list({ file: backup, onReadEntry: (entry) => void names.push(entry.path) });
    expect(names).toEqual(['database/', 'database/info.yaml']);
  });
});
