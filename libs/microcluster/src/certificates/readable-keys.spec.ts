import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { warnOfReadableKeys } from './readable-keys.js';

it('names each private key that others may read, and no other file', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'keys-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(path.join(root, 'certificates'));
  const modes = { 'server.key': 0o600, 'cluster.key': 0o644, 'certificates/extra.key': 0o620 };
  for (const [name, mode] of Object.entries({ ...modes, 'server.crt': 0o644 })) {
    await writeFile(path.join(root, name), '');
    await chmod(path.join(root, name), mode);
  }
  const warnings: unknown[] = [];
  await warnOfReadableKeys(root, { warn: (message: unknown) => warnings.push(message) });
  expect(warnings).toMatchObject([
    { event: 'private-key-exposed', file: path.join(root, 'cluster.key'), mode: '644' },
    { event: 'private-key-exposed', file: path.join(root, 'certificates/extra.key'), mode: '620' },
  ]);
});
