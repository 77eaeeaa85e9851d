import { readFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freeAddresses } from '../support/addresses.js';
import { REPOSITORY, runProgram } from '../support/programs.js';
import { blocksOf, codeBlocks } from './document.js';
import { Sandbox } from './sandbox.js';

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/README.md',
  'docs/explanation/consistency.md',
  'docs/explanation/architecture.md',
  'docs/explanation/performance.md',
  'docs/explanation/roles.md',
  'docs/explanation/trust.md',
  'docs/getting-started.md',
  'docs/how-to/monitor.md',
  'docs/how-to/systemd.md',
  'docs/how-to/openapi.md',
  'docs/how-to/back-up-and-restore.md',
  'docs/how-to/move-to-dqlite.md',
  'docs/how-to/recover.md',
  'docs/how-to/add-a-migration.md',
  'docs/how-to/test-your-application.md',
  'docs/how-to/upgrade.md',
  'docs/microctl.md',
  'docs/operations.md',
  'docs/reference/metrics.md',
  'docs/how-to/events.md',
  'docs/how-to/add-a-hook.md',
  'docs/how-to/add-a-server.md',
  'docs/how-to/add-an-endpoint.md',
  'docs/how-to/members.md',
  'docs/how-to/rotate-certificates.md',
  'docs/how-to/test-your-application.md',
  'docs/microctl.md',
  'docs/operations.md',
  'docs/reference/decorators.md',
  'docs/reference/daemon-args.md',
  'docs/reference/errors.md',
  'docs/reference/hooks.md',
  'examples/notes/README.md',
  'docs/reference/client.md',
  'libs/dqlite/README.md',
  'libs/microcluster/README.md',
  'libs/testing/README.md',
];

/** Replaces the documents' folder and ports by ones that nobody else uses. */
async function relocate(script: string, sandbox: Sandbox): Promise<string> {
  const addresses = await freeAddresses(6);
  const addresses = await freeAddresses(5);
  return addresses
    .reduce((text, address, at) => {
      const port = address.slice(address.indexOf(':') + 1);
      return text.replaceAll(`:900${at + 1}`, `:${port}`);
    }, script)
    .replaceAll('/tmp/', `${sandbox.directory}/`);
}

describe('every document', () => {
  it('is in the list of this test', async () => {
    const files = await readdir(join(REPOSITORY, 'docs'), { recursive: true });
    const docs = files.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`);
    expect(DOCUMENTS).toEqual(expect.arrayContaining(docs));
  });

  it.each(DOCUMENTS)('%s links only to what is there', async (path) => {
    const text = await readFile(join(REPOSITORY, path), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((m) => m[1] ?? '');
    const broken = links.filter((link) => !existsSync(resolve(REPOSITORY, dirname(path), link)));
    expect(broken).toEqual([]);
  });

  it.each(DOCUMENTS)('%s has only code of a kind that is tested here', async (path) => {
    const languages = new Set((await codeBlocks(path)).map((block) => block.language));
    expect(['sh', 'ts', 'console', 'ini', 'yaml']).toEqual(expect.arrayContaining([...languages]));
    expect(['sh', 'ts', 'console', 'ini', 'text']).toEqual(expect.arrayContaining([...languages]));
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'docs/getting-started.md'])(
    '%s names only npm scripts that exist',
    async (path) => {
      const manifest = z
        .object({ scripts: z.record(z.string(), z.string()) })
        .parse(JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')));
      const text = await readFile(join(REPOSITORY, path), 'utf8');
      const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
      expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named));
    },
  );
});

it('the application in the README compiles, and its commands form a cluster', async () => {
  await using sandbox = await Sandbox.create();
  for (const source of await blocksOf('README.md', 'ts')) await sandbox.addSource(source);
  const [, ...commands] = await blocksOf('README.md', 'sh');
  const { code, output } = await sandbox.run(await relocate(commands.join('\n'), sandbox));
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain('"metadata":[{"id":1,"text":"hello"}]');
  expect(output).toMatch(/\| n2 +\|/);
  expect(output).toMatch(/\| 1 +\| hello \|/);
  await sandbox.idle();
});

it('the commands of Getting started form a cluster of three, and the guides back it up and recover it at other addresses', async () => {
  await using sandbox = await Sandbox.create();
  const [, ...first] = await blocksOf('docs/getting-started.md', 'sh');
  const end = first.pop() ?? '';
  const backUp = await blocksOf('docs/how-to/back-up-and-restore.md', 'sh');
  const recover = await blocksOf('docs/how-to/recover.md', 'sh');
  const commands = [...first, ...backUp, ...recover, end].join('\n');
  const { code, output } = await sandbox.run(await relocate(commands, sandbox));
it('the commands of Getting started form a cluster of three, which the guides continue', async () => {
  await using sandbox = await Sandbox.create();
  const [, ...commands] = await blocksOf('docs/getting-started.md', 'sh');
  const theEnd = commands.splice(-1);
  const continued = [
    ...commands,
    ...(await blocksOf('docs/how-to/members.md', 'sh')),
    ...(await blocksOf('docs/how-to/rotate-certificates.md', 'sh')),
    ...theEnd,
  ];
  const { code, output } = await sandbox.run(await relocate(continued.join('\n'), sandbox));
  expect({ code, output }).toMatchObject({ code: 0 });
  const lists = output.split('\n').filter((line) => line.includes('"metadata":[{"id":1,'));
  expect({ lists, output }).toMatchObject({ lists: { length: 3 } });
  expect(output).toMatch(/\| c3 +\|/);
  expect(output).toMatch(/Restored \d+ rows in \d+ tables/);
  expect(output).toContain('Cluster changes applied');
  await sandbox.idle();
}, 300_000);
}, 400_000);

it('the example of @microcluster/dqlite runs', async () => {
  await using sandbox = await Sandbox.create();
  for (const source of await blocksOf('libs/dqlite/README.md', 'ts')) {
    await sandbox.addSource(source);
  }
  const [address = ''] = await freeAddresses(1);
  const { code, output } = await sandbox.run('npx tsc && node dist/main.js', {
    ADDRESS: address,
    DATA: join(sandbox.directory, 'data'),
  });
  expect({ code, output }).toEqual({ code: 0, output: 'notes: 1\n' });
  await sandbox.idle();
});

it('the commands that move a member to dqlite do so', async () => {
  await using sandbox = await Sandbox.create();
  const commands = await blocksOf('docs/how-to/move-to-dqlite.md', 'sh');
  const { code, output } = await sandbox.run(await relocate(commands.join('\n'), sandbox));
  expect({ code, output }).toMatchObject({ code: 0 });
  await sandbox.idle();
});

it('the examples of backup and recovery compile', async () => {
  await using sandbox = await Sandbox.create();
  for (const document of ['docs/how-to/back-up-and-restore.md', 'docs/how-to/recover.md']) {
    for (const source of await blocksOf(document, 'ts')) await sandbox.addSource(source);
  }
  expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
});

it('the example of @microcluster/nest compiles', async () => {
it('the examples of @microcluster/nest and of its clients compile', async () => {
  await using sandbox = await Sandbox.create();
  for (const path of ['libs/microcluster/README.md', 'docs/reference/client.md']) {
    for (const source of await blocksOf(path, 'ts')) await sandbox.addSource(source);
  }
  expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
});
it.each(['libs/microcluster/README.md', 'docs/how-to/add-a-migration.md'])(
  'the code in %s compiles',
  async (path) => {
    await using sandbox = await Sandbox.create();
    for (const source of await blocksOf(path, 'ts')) await sandbox.addSource(source);
    expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
  },
);

it('the examples of the guide to events and of the reference of decorators compile', async () => {
  await using sandbox = await Sandbox.create();
  for (const path of ['docs/how-to/events.md', 'docs/reference/decorators.md']) {
    for (const source of await blocksOf(path, 'ts')) await sandbox.addSource(source);
  }
  expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
});

it('every promise about consistency names a test that exists', async () => {
  const text = await readFile(join(REPOSITORY, 'docs/explanation/consistency.md'), 'utf8');
  const named = [...text.matchAll(/`((?:test|libs)\/[^`\s]+)`/g)].map((match) => match[1] ?? '');
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
});

it('the examples of how fresh a read is compile', async () => {
  await using sandbox = await Sandbox.create();
  for (const source of await blocksOf('docs/explanation/consistency.md', 'ts')) {
    await sandbox.addSource(source);
it('the code of the guides and of @microcluster/nest compiles', async () => {
  await using sandbox = await Sandbox.create();
  const guides = ['add-an-endpoint', 'add-a-server', 'add-a-hook'];
  for (const path of [
    'libs/microcluster/README.md',
    ...guides.map((it) => `docs/how-to/${it}.md`),
  ]) {
    for (const source of await blocksOf(path, 'ts')) await sandbox.addSource(source);
  }
  expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
});

it('the command line prints the help that its reference shows', async () => {
  const blocks = await blocksOf('docs/microctl.md', 'console');
  expect(blocks.length).toBeGreaterThan(10);
  for (const block of blocks) {
    const [, command = '', expected] = /^\$ (.*)\n([\s\S]*)$/.exec(block) ?? [];
    const [program, ...args] = command.split(' ');
    if (program !== 'microctl' && program !== 'microd') throw new Error(`unknown: ${command}`);
    const { code, out } = await runProgram(program, args);
    expect({ command, code, out: out.trimEnd() }).toEqual({
      command,
      code: 0,
      out: expected?.trimEnd(),
    });
  }
});
