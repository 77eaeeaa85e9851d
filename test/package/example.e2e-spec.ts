/** The example, as a stranger gets it: installed from the packed packages, built, tested and run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { blocksOf } from '../docs/document.js';
import { Sandbox } from '../docs/sandbox.js';
import { freeAddresses } from '../support/addresses.js';
import { REPOSITORY } from '../support/programs.js';

const EXAMPLE = 'examples/notes';
const LIBRARIES = ['dqlite', 'microcluster', 'testing'] as const;
const LIMIT_MS = 600_000;

let project: Sandbox;

beforeAll(async () => {
  project = await Sandbox.empty();
  await cp(join(REPOSITORY, EXAMPLE), project.directory, {
    recursive: true,
    filter: (source) => !/\/(node_modules|dist)$/.test(source),
  });
  usePacked(
    project.directory,
    LIBRARIES.map((name) => pack(`libs/${name}`, project.directory)),
  );
  const { code, output } = await project.run(
    'npm install --ignore-scripts --prefer-offline --no-audit --no-fund --no-package-lock',
  );
  if (code !== 0) throw new Error(`npm install failed: ${output}`);
  // It has no prebuilt binary, and compiling it takes minutes.
  const built = 'node_modules/sqlite3/build';
  await cp(join(REPOSITORY, built), join(project.directory, built), { recursive: true });
}, LIMIT_MS);

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

const tarballSchema = z.tuple([z.object({ name: z.string(), filename: z.string() })]);
const manifestSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

function pack(folder: string, target: string): { readonly name: string; readonly file: string } {
  const said = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', target],
    { cwd: join(REPOSITORY, folder), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [{ name, filename }] = tarballSchema.parse(JSON.parse(said));
  return { name, file: `file:./${filename}` };
}

/** Takes our packages from their tarballs: what the example asks for must be what they are called. */
function usePacked(directory: string, tarballs: readonly { name: string; file: string }[]): void {
  const path = join(directory, 'package.json');
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  for (const { name, file } of tarballs) {
    const list = [manifest.dependencies, manifest.devDependencies].find((known) => name in known);
    if (list === undefined) throw new Error(`the example does not use ${name}`);
    list[name] = file;
  }
  writeFileSync(path, JSON.stringify(manifest));
}

describe('the example', () => {
  it('is built by the command line of Nest', { timeout: LIMIT_MS }, async () => {
    const { code, output } = await project.run('npm run build');
    expect(code, output).toBe(0);
    expect(existsSync(join(project.directory, 'dist/main.js'))).toBe(true);
  });

  it('passes its own tests, with and without a cluster', { timeout: LIMIT_MS }, async () => {
    const { code, output } = await project.run('npm test', { VITEST: '' });
    expect(code, output).toBe(0);
    expect(output).toMatch(/Tests\s+5 passed/);
  });

  it('runs as its README says', { timeout: LIMIT_MS }, async () => {
    const [, commands = ''] = await blocksOf(`${EXAMPLE}/README.md`, 'sh');
    const [core = '', reports = ''] = await freeAddresses(2);
    const script = commands
      .replaceAll('/tmp/', `${project.directory}/`)
      .replaceAll('127.0.0.1:9001', core)
      .replaceAll('127.0.0.1:8000', reports);
    const { code, output } = await project.run(script, { REPORTS_ADDRESS: reports });
    expect(code, output).toBe(0);
    expect(output).toContain('"metadata":{"version":"1.0.0","isMember":false}');
    expect(output).toContain('"metadata":[{"id":1,"text":"Welcome"}]');
    expect(output).toContain('"metadata":{"notes":1}');
    const own = readFileSync(join(project.directory, 'notes/certificates/reports.crt'), 'utf8');
    const shared = readFileSync(join(project.directory, 'notes/cluster.crt'), 'utf8');
    expect(own).toContain('BEGIN CERTIFICATE');
    expect(own).not.toBe(shared);
    await project.idle();
  });
});
