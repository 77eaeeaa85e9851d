import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { REPOSITORY } from '../support/programs.js';

interface Demo {
  readonly child: ChildProcess;
  /** Where it keeps its files. */
  readonly folder: string;
  output(): string;
}

/** Starts the demo with a temporary folder of its own, so that what it leaves behind can be seen. */
async function startDemo(...args: string[]): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let output = '';
  const child = spawn(process.execPath, ['scripts/demo.mjs', '--no-setup', ...args], {
    cwd: REPOSITORY,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, folder, output: () => output };
}

it('shows one member on the embedded engine, and leaves nothing behind', async () => {
  const demo = await startDemo('--single');
  const [code] = await once(demo.child, 'close');
  expect(demo.output()).toContain('left nothing behind');
  expect(code).toBe(0);
  expect(await readdir(demo.folder)).toEqual([]);
  expect(demo.output()).not.toContain('\u001b');
});

it('cleans up when it is interrupted', async () => {
  const demo = await startDemo('--single');
  await eventually('the daemon to found its cluster', 60_000, () => {
    expect(demo.output()).toContain('its database is open');
  });
  demo.child.kill('SIGINT');
  const [code] = await once(demo.child, 'close');
  expect(code).toBe(130);
  expect(await readdir(demo.folder)).toEqual([]);
});

it('fails with the reason when something is not true', async () => {
  const demo = await startDemo('--frobnicate');
  const [code] = await once(demo.child, 'close');
  expect(code).toBe(1);
  expect(demo.output()).toContain('--frobnicate');
});
