import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readOfflineMembers } from './offline-members.js';

async function stateDirectory(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'microctl-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'database'));
  await mkdir(join(directory, 'truststore'));
  for (const [path, text] of Object.entries(files)) await writeFile(join(directory, path), text);
  return directory;
}

const CLUSTER = `- ID: 3297041220608546238
  Address: 127.0.0.1:9001
  Role: 0
- ID: 9223372036854775809
  Address: 127.0.0.1:9002
  Role: 1
- ID: 7
  Address: 127.0.0.1:9003
  Role: 2
`;

it('joins the Raft configuration with the trust store, and leaves out who is in one only', async () => {
  const directory = await stateDirectory({
    'database/cluster.yaml': CLUSTER,
    'truststore/c1.yaml': 'name: c1\naddress: 127.0.0.1:9001\ncertificate: x\n',
    'truststore/c2.yaml': 'name: c2\naddress: 127.0.0.1:9002\ncertificate: x\n',
    'truststore/note.txt': 'not ours',
  });
  expect(await readOfflineMembers(directory)).toEqual([
    { id: 3297041220608546238n, address: '127.0.0.1:9001', role: 'voter', name: 'c1' },
    { id: 9223372036854775809n, address: '127.0.0.1:9002', role: 'stand-by', name: 'c2' },
  ]);
});

it('says what to do when there is no member', async () => {
  const directory = await stateDirectory({});
  await expect(readOfflineMembers(directory)).rejects.toThrow('run microctl init first');
});

it('names a file that it cannot read', async () => {
  const directory = await stateDirectory({ 'database/cluster.yaml': 'nonsense: [' });
  await expect(readOfflineMembers(directory)).rejects.toThrow(`${directory}/database/cluster.yaml`);
});
