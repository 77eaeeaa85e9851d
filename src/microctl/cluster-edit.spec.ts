/** `microctl cluster edit` up to where the library takes over. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { editText } from './edit-text.js';
import { run } from './program.js';
import { recordingTerminal } from './terminal.fixture.js';

const LIST = `- id: 3297041220608546238
  address: 127.0.0.1:9001
  role: voter
  name: c1
`;

async function stateDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'microctl-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const part of ['database', 'truststore']) await mkdir(join(directory, part));
  const [cluster, trusted] = [
    '- ID: 3297041220608546238\n  Address: 127.0.0.1:9001\n  Role: 0\n',
    'name: c1\naddress: 127.0.0.1:9001\ncertificate: x\n',
  ];
  await writeFile(join(directory, 'database/cluster.yaml'), cluster);
  await writeFile(join(directory, 'truststore/c1.yaml'), trusted);
  return directory;
}

const edit = async (terminal: ReturnType<typeof recordingTerminal>, ...flags: string[]) => {
  const stateDir = await stateDirectory();
  const code = await run(['--state-dir', stateDir, 'cluster', 'edit', ...flags], {}, terminal);
  const written = (await readdir(stateDir)).filter((name) => name !== 'node.lock').toSorted();
  expect(written).toEqual(['database', 'truststore']);
  return code;
};

it('demands --yes where nobody can be asked', async () => {
  const terminal = recordingTerminal({ input: LIST });
  expect(await edit(terminal)).toBe(1);
  expect(terminal.printed.err).toBe(
    'Error: cluster edit: Nobody can be asked here; pass --yes to change the cluster\n',
  );
});

it.each(['no', 'y', ''])('changes nothing when the answer is %j instead of yes', async (answer) => {
  const terminal = recordingTerminal({ answers: [answer] });
  expect(await edit(terminal)).toBe(0);
  expect(terminal.printed.err).toMatch(/Cluster edit aborted; no changes made\n$/);
  expect(terminal.edited).toEqual([]);
});

it('shows a person the list, and says what is wrong with the text that was saved', async () => {
  const terminal = recordingTerminal({
    answers: ['yes'],
    editor: (text) => text.replace('role: voter', 'role: spare'),
  });
  expect(await edit(terminal)).toBe(1);
  expect(terminal.edited[0]).toMatch(/^# Members of the cluster\./);
  expect(terminal.edited[0]?.endsWith(LIST)).toBe(true);
  expect(terminal.printed.err).toMatch(/Error: cluster edit: At least one voter is required\n$/);
});

it('reads the list from standard input elsewhere', async () => {
  const terminal = recordingTerminal({ input: LIST.replace('c1', 'c2') });
  expect(await edit(terminal, '--yes')).toBe(1);
  expect(terminal.printed.err).toBe('Error: cluster edit: ID or name changed for member c2\n');
});

it('runs the editor without a shell, on a private file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'editor-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const program = join(directory, 'editor.mjs');
  await writeFile(
    program,
    `import { readFileSync, statSync, writeFileSync } from 'node:fs';
     const [flag, file] = process.argv.slice(2);
     const mode = (statSync(file).mode & 0o777).toString(8);
     writeFileSync(file, readFileSync(file, 'utf8') + flag + mode);`,
  );
  const { signal } = new AbortController();
  const EDITOR = `${process.execPath} ${program} $(touch)`;
  expect(await editText('text ', { EDITOR }, signal)).toBe('text $(touch)600');
  await expect(editText('', { EDITOR: '/nowhere/ed' }, signal)).rejects.toThrow(
    'The editor "/nowhere/ed" cannot be run; set EDITOR',
  );
  await expect(editText('', { EDITOR: 'false' }, signal)).rejects.toThrow('failed (code 1)');
});
