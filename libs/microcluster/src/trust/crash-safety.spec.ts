import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { transpile } from './transpiled.fixture.js';
import { TrustStore } from './trust-store.js';
import { parseTrustFile, type TrustedMember } from './trusted-member.js';

/** How often a process is killed; more finds rarer moments and takes longer. */
const KILLS = Number(process.env['TRUST_STORE_KILLS'] ?? 20);
/** A process is killed at a random moment within this time, in milliseconds, after it began to write. */
const WINDOW_MS = 60;

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
    const program = path.join(directory, 'program.mjs');
    const module = await transpile('trust/trust-store.ts', directory);
    await writeFile(path.join(directory, 'lists.json'), JSON.stringify([before, after]));
    await writeFile(
      program,
      `import { readFileSync } from 'node:fs';
       import { TrustStore } from ${JSON.stringify(module)};
       const [before, after] = JSON.parse(readFileSync(${JSON.stringify(path.join(directory, 'lists.json'))}, 'utf8'));
       const store = await TrustStore.open(${JSON.stringify(store)});
       console.log('writing');
       for (;;) {
         await store.replace(after);
         await store.replace(before);
       }`,
    );
    const first = await TrustStore.open(store);
    await first.replace(before);
    await first.close();

    const found = { before: 0, after: 0 };
    for (let kill = 0; kill < KILLS; kill += 1) {
      await runAndKill(program);
      // What a daemon that knows nothing of plans reads: never a broken file, never fewer members.
      const files = (await readdir(store)).filter((file) => file.endsWith('.yaml'));
      const texts = await Promise.all(
        files.map((file) => readFile(path.join(store, file), 'utf8')),
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
    expect(found.before + found.after).toBe(KILLS);
  },
  20_000 + KILLS * 3_000,
);

async function runAndKill(program: string): Promise<void> {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    await Promise.race([once(child.stdout, 'data'), exited]);
    expect(child.exitCode).toBeNull();
    await delay(Math.random() * WINDOW_MS);
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}
