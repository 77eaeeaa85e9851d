import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdsMember, requireKeyPair } from './holds-member.js';

let root: string;
let database: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'holds-member-'));
  database = path.join(root, 'database');
  await mkdir(database);
});
afterEach(() => rm(root, { recursive: true }));

const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(root, name), text);
};

describe('a state directory', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['none when nothing is there', {}, false],
    ['none when only locks and notes are there', { 'database/node.lock': '' }, false],
    ['a member by its info.yaml', { 'database/info.yaml': '' }, true],
    ['a member by its engine', { 'database/engine': 'sqlite\n' }, true],
  ])('holds %s', async (_what, files, expected) => {
    await write(files);
    expect(await holdsMember(database)).toBe(expected);
  });

  it.each([
    ['info.yaml', 'metadata1'],
    ['info.yaml', '0000000000000001-0000000000000002'],
    ['engine', 'embedded.db'],
  ])('without %s beside %s is no new one', async (missing, present) => {
    await write({ [`database/${present}`]: '' });
    await expect(holdsMember(database)).rejects.toThrow(
      `${path.join(database, missing)} cannot be read: it is missing although this member has a database; restore it`,
    );
  });

  it.each(['crt', 'key'])(
    'of a member without its server.%s is refused by name',
    async (suffix) => {
      await write({ 'server.crt': '', 'server.key': '' });
      await rm(path.join(root, `server.${suffix}`));
      await expect(requireKeyPair(root, 'server')).rejects.toThrow(
        `server.${suffix} cannot be read`,
      );
    },
  );
});
