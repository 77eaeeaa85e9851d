import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { transpile } from './transpiled.fixture.js';
import { TrustStore } from './trust-store.js';
import { parseTrustFile, type TrustedMember } from './trusted-member.js';

/**
 * The process dies before its 1st, 2nd, ... change of the file system; two replacements have this many.
 * Every third moment is enough here; 1 tries all of them.
 */
const CHANGES = 60;
const STEP = Number(process.env['TRUST_CRASH_STEP'] ?? 3);

let directory: string;
let store: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'trust-crash-'));
  store = path.join(directory, 'truststore');
  await mkdir(store);
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Two memberships: half of the members have moved, one is new, one is gone. */
async function memberships(): Promise<[TrustedMember[], TrustedMember[]]> {
  const member = async (index: number): Promise<TrustedMember> => ({
    name: `c${index}`,
    address: `10.0.0.${index}:8443`,
    certificate: (await generateKeyPair({ commonName: `c${index}` })).certificate,
  });
  const all = await Promise.all([1, 2, 3, 4, 5, 6].map(member));
  const before = all.slice(0, 5);
  const after = all
    .slice(1)
    .map((entry, index) => (index % 2 === 0 ? { ...entry, address: `10.9.9.${index}:1` } : entry));
  return [before, after];
}

it(
  'finds all members, old or new, whenever the process that replaces them is killed',
  async () => {
    const [before, after] = await memberships();
    const program = await writeProgram(before, after);
    const first = await TrustStore.open(store);
    await first.replace(before);
    await first.close();

    const found = { before: 0, after: 0, interrupted: 0 };
    for (let change = 1; change <= CHANGES; change += STEP) {
      await runUntilKilled(program, change);
      const files = await readdir(store);
      if (files.includes('.replace.json')) found.interrupted += 1;
      // What a daemon that knows nothing of plans reads: never a broken file, never fewer members.
      const texts = await Promise.all(
        files
          .filter((file) => file.endsWith('.yaml'))
          .map((file) => readFile(path.join(store, file), 'utf8')),
      );
      const names = texts.map((text) => parseTrustFile(text).name);
      expect(names).toEqual(expect.arrayContaining(['c2', 'c3', 'c4', 'c5']));
      // What we read: one membership as a whole.
      const opened = await TrustStore.open(store);
      const list = opened.list().map(({ name, address }) => `${name} ${address}`);
      await opened.close();
      const outcome = list.includes('c1 10.0.0.1:8443') ? 'before' : 'after';
      const expected = outcome === 'before' ? before : after;
      expect(list).toEqual(expected.map(({ name, address }) => `${name} ${address}`));
      found[outcome] += 1;
    }
    // The moments that matter were among them.
    expect(found).toEqual({
      before: expect.toSatisfy((times: number) => times > 0),
      after: expect.toSatisfy((times: number) => times > 0),
      interrupted: expect.toSatisfy((times: number) => times > 0),
    });
  },
  20_000 + (CHANGES / STEP) * 3_000,
);

/** A program that replaces the members for ever and kills itself before a given change of the file system. */
async function writeProgram(before: TrustedMember[], after: TrustedMember[]): Promise<string> {
  const program = path.join(directory, 'program.mjs');
  const lists = path.join(directory, 'lists.json');
  await writeFile(lists, JSON.stringify([before, after]));
  const module = await transpile('trust/trust-store.ts', directory);
  await writeFile(
    program,
    `import fs from 'node:fs';
     import { syncBuiltinESMExports } from 'node:module';
     let changesLeft = Number(process.argv[2]);
     const count = () => {
       changesLeft -= 1;
       if (changesLeft === 0) process.kill(process.pid, 'SIGKILL');
     };
     const { open, rename, rm } = fs.promises;
     fs.promises.rename = (...args) => (count(), rename(...args));
     fs.promises.rm = (...args) => (count(), rm(...args));
     fs.promises.open = async (file, flags, ...rest) => {
       if (flags === 'wx') count();
       const handle = await open(file, flags, ...rest);
       const { writeFile } = handle;
       handle.writeFile = (...args) => (count(), writeFile.apply(handle, args));
       return handle;
     };
     syncBuiltinESMExports();
     const { TrustStore } = await import(${JSON.stringify(module)});
     const [before, after] = JSON.parse(fs.readFileSync(${JSON.stringify(lists)}, 'utf8'));
     const store = await TrustStore.open(${JSON.stringify(store)});
     for (;;) {
       await store.replace(after);
       await store.replace(before);
     }`,
  );
  return program;
}

async function runUntilKilled(program: string, change: number): Promise<void> {
  const child = spawn(process.execPath, [program, String(change)], { stdio: 'inherit' });
  const [, signal]: unknown[] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
}
