/** What the documents show is there, compiles and works. */
import { readFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freeAddresses } from '../support/addresses.js';
import { REPOSITORY, runProgram } from '../support/programs.js';
import { blocksOf, codeBlocks } from './document.js';
import { Sandbox } from './sandbox.js';

const LONG_TEST_MS = 400_000;

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/notes/README.md',
  'libs/dqlite/README.md',
  'libs/microcluster/README.md',
  'libs/testing/README.md',
  ...(await readdir(join(REPOSITORY, 'docs'), { recursive: true }))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`)
    .toSorted(),
];

/** Documents whose code other specs compile and run. */
const COMPILED_ELSEWHERE = new Set([
  'README.md',
  'examples/notes/README.md',
  'libs/dqlite/README.md',
  'libs/testing/README.md',
  'docs/getting-started.md',
  'docs/how-to/monitor.md',
  'docs/how-to/openapi.md',
  'docs/how-to/systemd.md',
  'docs/how-to/test-your-application.md',
]);

/** Replaces the documents' folder and ports by ones that nobody else uses. */
async function relocate(script: string, sandbox: Sandbox): Promise<string> {
  const addresses = await freeAddresses(6);
  return addresses
    .reduce((text, address, at) => {
      const port = address.slice(address.indexOf(':') + 1);
      return text.replaceAll(`:900${at + 1}`, `:${port}`);
    }, script)
    .replaceAll('/tmp/', `${sandbox.directory}/`);
}

describe('every document', () => {
  it.each(DOCUMENTS)('%s links only to what is there', async (path) => {
    const text = await readFile(join(REPOSITORY, path), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((m) => m[1] ?? '');
    const broken = links.filter((link) => !existsSync(resolve(REPOSITORY, dirname(path), link)));
    expect(broken).toEqual([]);
  });

  it.each(DOCUMENTS)('%s has only code of a kind that is tested here', async (path) => {
    const languages = new Set((await codeBlocks(path)).map((block) => block.language));
    expect(['sh', 'ts', 'console', 'ini', 'yaml', 'text']).toEqual(
      expect.arrayContaining([...languages]),
    );
  });

  it.each(DOCUMENTS)('%s names only npm scripts that exist', async (path) => {
    const manifest = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(
        JSON.parse(
          await readFile(
            join(REPOSITORY, path.startsWith('examples/') ? dirname(path) : '', 'package.json'),
            'utf8',
          ),
        ),
      );
    const text = await readFile(join(REPOSITORY, path), 'utf8');
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named));
  });

  it('has code that compiles', { timeout: LONG_TEST_MS }, async () => {
    await using sandbox = await Sandbox.create();
    for (const [at, path] of DOCUMENTS.entries()) {
      if (COMPILED_ELSEWHERE.has(path)) continue;
      for (const source of await blocksOf(path, 'ts')) await sandbox.addSource(source, `d${at}`);
    }
    expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
  });
});

it('the application in the README compiles, and its commands form a cluster', async () => {
  await using sandbox = await Sandbox.create();
  for (const source of await blocksOf('README.md', 'ts')) await sandbox.addSource(source);
  const [, ...commands] = await blocksOf('README.md', 'sh');
  const { code, output } = await sandbox.run(await relocate(commands.join('\n'), sandbox));
  expect(code, output).toBe(0);
  expect(output).toContain('"metadata":[{"id":1,"text":"hello"}]');
  expect(output).toMatch(/\| n2 +\|/);
  expect(output).toMatch(/\| 1 +\| hello \|/);
  await sandbox.idle();
}, 300_000);

it(
  'the commands of Form a cluster do so, and those of the guides work on it one after the other',
  { timeout: LONG_TEST_MS },
  async () => {
    await using sandbox = await Sandbox.create();
    const [, ...commands] = await blocksOf('docs/how-to/form-a-cluster.md', 'sh');
    const theEnd = commands.splice(-1);
    for (const guide of ['members', 'rotate-certificates', 'back-up-and-restore', 'recover']) {
      commands.push(...(await blocksOf(`docs/how-to/${guide}.md`, 'sh')));
    }
    const script = await relocate([...commands, ...theEnd].join('\n'), sandbox);
    const { code, output } = await sandbox.run(script);
    expect(code, output).toBe(0);
    const lists = output.split('\n').filter((line) => line.includes('"metadata":[{"id":1,'));
    expect({ lists, output }).toMatchObject({ lists: { length: 3 } });
    expect(output).toMatch(/\| c3 +\|/);
    expect(output).toMatch(/Restored \d+ rows in \d+ tables/);
    expect(output).toContain('Cluster changes applied');
    await sandbox.idle();
  },
);

it('the commands that move a member to dqlite do so', { timeout: LONG_TEST_MS }, async () => {
  await using sandbox = await Sandbox.create();
  const commands = await blocksOf('docs/how-to/move-to-dqlite.md', 'sh');
  const { code, output } = await sandbox.run(await relocate(commands.join('\n'), sandbox));
  expect(code, output).toBe(0);
  await sandbox.idle();
});

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

it('every promise about consistency names a test that exists', async () => {
  const text = await readFile(join(REPOSITORY, 'docs/explanation/consistency.md'), 'utf8');
  const named = [...text.matchAll(/`((?:test|libs)\/[^`\s]+)`/g)].map((match) => match[1] ?? '');
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
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
