/** What real daemons say when what they need is damaged or out of date, and that they change nothing then. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  generateKeyPair,
  type KeyPair,
} from '../../libs/microcluster/src/certificates/generate.js';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';

const LIMIT_MS = 240_000;
/** When what was made for ten years at the beginning of 2001 ended. */
const EXPIRED = '2010-12-29T23:59:00.000Z';

let cluster: TestCluster;
let first: Daemon;
let second: Daemon;

beforeAll(async () => {
  cluster = await TestCluster.form(2);
  [first, second] = [cluster.member(1), cluster.member(2)];
  await cluster.until('both members to have a role', (rows) =>
    rows.every(({ role }) => role !== 'PENDING'),
  );
  await first.request('POST', '/1.0/items', { name: 'kept' });
}, LIMIT_MS);
beforeEach(async () => {
  await Promise.all([first.kill(), second.kill()]);
});
afterAll(() => cluster.close());

/** Starts a daemon that cannot, and returns what it said at its end. */
async function failureOf(member: Daemon): Promise<string> {
  member.spawn();
  expect(await member.exit()).toEqual({ code: 1, signal: null });
  await member.gone();
  return member.log(3);
}

async function itemsAt(member: Daemon): Promise<unknown> {
  return (await member.request('GET', '/1.0/items')).metadata;
}

/** Every file of the state directory with its content, but locks. */
async function contentOf({ stateDir }: Daemon): Promise<Record<string, string>> {
  const entries = await readdir(stateDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'node.lock');
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  const contents = await Promise.all(
    paths.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'base64')]),
  );
  return Object.fromEntries(contents);
}

async function putClusterPair({ certificate, privateKey }: KeyPair): Promise<void> {
  for (const { stateDir } of cluster.members) {
    await writeFile(join(stateDir, 'cluster.crt'), certificate);
    await writeFile(join(stateDir, 'cluster.key'), privateKey);
  }
}

describe('a cluster whose certificate has expired', () => {
  it(
    'says so with the file and the way out, which brings it back with all data',
    async () => {
      await putClusterPair(await generateKeyPair({ now: new Date('2001-01-01') }));
      await first.start();
      expect(await first.log(100)).toContain(
        `the certificate ${join(first.stateDir, 'cluster.crt')} expired on ${EXPIRED}`,
      );

      second.nextEnvironment['MICROCLUSTER_READY_TIMEOUT'] = '5s';
      const failure = await failureOf(second);
      delete second.nextEnvironment['MICROCLUSTER_READY_TIMEOUT'];
      expect(failure).toContain('Error: Failed to re-establish cluster connection: ');
      expect(failure).toContain(
        `the certificate ${join(second.stateDir, 'cluster.crt')} expired on ${EXPIRED}`,
      );
      expect(failure).toContain(
        'stop all daemons, put the same new cluster.crt and cluster.key into the state directory of every member, and start them',
      );

      await first.stop();
      await putClusterPair(await generateKeyPair());
      await Promise.all([first.start(), second.start()]);
      expect(await itemsAt(second)).toEqual([{ id: 1, name: 'kept' }]);
    },
    LIMIT_MS,
  );
});

describe('a member', () => {
  it(
    'does not start without knowing how it voted, says what to do, and leaves all as it was',
    async () => {
      const database = join(first.stateDir, 'database');
      const names = (await readdir(database)).filter((name) => name.startsWith('metadata'));
      const whole = await Promise.all(names.map((name) => readFile(join(database, name))));
      for (const name of names) await writeFile(join(database, name), 'cut');
      const before = await contentOf(first);

      const failure = await failureOf(first);

      expect(failure).toContain(
        `Error: Failed to re-establish cluster connection: ${join(database, 'metadata1')}: it is missing or cut off`,
      );
      expect(failure).toContain('remove this node from the cluster and let it join again');
      expect(await contentOf(first)).toEqual(before);
      for (const [at, name] of names.entries()) {
        await writeFile(join(database, name), whole[at] ?? '');
      }
    },
    LIMIT_MS,
  );

  it.runIf(process.getuid?.() === 0)(
    'does not start on a read-only file system, says what to do, and starts when it can be written again',
    async () => {
      const { stateDir } = first;
      execFileSync('mount', ['--bind', stateDir, stateDir]);
      try {
        execFileSync('mount', ['-o', 'remount,ro,bind', stateDir]);
        const failure = await failureOf(first);
        expect(failure).toContain(join(stateDir, 'node.lock'));
        expect(failure).toContain(
          'its file system is mounted read-only; find out why, as dmesg tells of failing disks, then make it writable with mount -o remount,rw',
        );
      } finally {
        execFileSync('umount', [stateDir]);
      }
      await first.start();
      expect(await itemsAt(first)).toEqual([{ id: 1, name: 'kept' }]);
    },
    LIMIT_MS,
  );
});
