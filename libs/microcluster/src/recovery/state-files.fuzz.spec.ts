/** The files that a member reads at its start or in a recovery, after a disk or a person has damaged them. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { casesOf } from '../../../dqlite/src/fuzz/cases.fixture.js';
import { mutated } from '../../../dqlite/src/fuzz/mutated.fixture.js';
import { formatBackup, readBackup } from '../backup/backup-format.js';
import { generateKeyPair, loadKeyPair } from '../certificates/index.js';
import { isMicroclusterError, type MicroclusterErrorCode } from '../errors/index.js';
import { interruptedInitialisation } from '../membership/initialisation-plan.js';
import { recordedEngine } from '../replication/recorded-engine.js';
import { readDaemonConfigFile } from '../state/daemon-config.js';
import { finishWipe } from '../state/wipe.js';
import { finishReplacement, readTrustFiles } from '../trust/trust-files.js';
import { formatTrustFile } from '../trust/trusted-member.js';
import { TrustStore } from '../trust/trust-store.js';
import { packDatabase, unpackDatabase } from './archives.js';
import { formatMembers, parseMembers } from './member-records.js';
import { readOfflineMembers } from './offline-members.js';
import { readPlan, writePlan } from './plan.js';

const pair = await generateKeyPair({ commonName: 'c1' });
const keyText = pair.privateKey.split('\n')[1] ?? '';
const members = [
  { id: 3_297_041_220_608_546_238n, address: '127.0.0.1:1', role: 'voter', name: 'c1' },
  { id: 2n, address: '[::1]:2', role: 'spare', name: 'c2' },
] as const;
const trusted = { name: 'c1', address: '127.0.0.1:1', certificate: pair.certificate };

/** What means something in YAML and JSON. */
const WORDS = [
  '- ',
  '? ',
  '&a ',
  '*a',
  '!!binary ',
  '<<: ',
  '|\n',
  '---\n',
  '%YAML 9\n',
  '../',
  '#',
];

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'damaged-'));
  for (const part of ['database', 'truststore']) await mkdir(path.join(root, part));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Every file below the directory with its bytes. */
async function contentOf(directory: string): Promise<Record<string, string>> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const file = path.join(parentPath, name);
    return [path.relative(directory, file), await readFile(file, 'latin1')] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** A sentence of ours that says which file it is about, and nothing of a key. */
function expectFault(error: unknown, what: string, ...codes: MicroclusterErrorCode[]): void {
  if (!isMicroclusterError(error, ...codes)) throw error;
  expect(error.message).toContain(what);
  expect(error.message).not.toContain('\n');
  expect(error.message.length).toBeLessThan(2_000);
  expect(error.message).not.toContain(keyText);
}

/**
 * Damages a file and reads it.
 *
 * @param read must settle with a value, or reject with an error that names the file
 */
async function survives(
  name: string,
  original: string,
  read: () => Promise<unknown>,
  ...codes: MicroclusterErrorCode[]
): Promise<void> {
  const file = path.join(root, name);
  await fc.assert(
    fc.asyncProperty(mutated([original], WORDS), async (bytes) => {
      await writeFile(file, bytes);
      const before = await contentOf(root);
      try {
        await read();
      } catch (error) {
        expectFault(error, name.split('/').at(-1) ?? name, ...codes);
      }
      expect(await contentOf(root)).toEqual(before);
    }),
    casesOf(0.5),
  );
}

describe('a damaged file is told by its name, and nothing is written over it', () => {
  it('daemon.yaml', async () => {
    const text =
      'name: c1\naddress: 127.0.0.1:1\nservers:\n    web:\n        address: "[::1]:9000"\nfailure-domain: "7"\n';
    const file = path.join(root, 'daemon.yaml');
    await survives('daemon.yaml', text, () => readDaemonConfigFile(file), 'STATE_FILE_UNREADABLE');
  });

  it('recovering.json', async () => {
    await writePlan(root, { kind: 'rewrite', self: 2n, members });
    const text = await readFile(path.join(root, 'recovering.json'), 'utf8');
    const read = async () => {
      const plan = await readPlan(root);
      if (plan === undefined) throw new Error('the plan is gone');
      // Who carries it out must be in it.
      expect(plan.members.map(({ id }) => id)).toContain(plan.self);
    };
    await survives('recovering.json', text, read, 'STATE_FILE_UNREADABLE');
  });

  it('database/cluster.yaml in a recovery', async () => {
    await writeFile(path.join(root, 'truststore', 'c1.yaml'), formatTrustFile(trusted));
    const text = '- ID: 3297041220608546238\n  Address: 127.0.0.1:1\n  Role: 0\n';
    const read = () => readOfflineMembers(root);
    await survives('database/cluster.yaml', text, read, 'STATE_FILE_UNREADABLE', 'BAD_REQUEST');
  });

  it('a file of the trust store in a recovery', async () => {
    const text = '- ID: 3297041220608546238\n  Address: 127.0.0.1:1\n  Role: 0\n';
    await writeFile(path.join(root, 'database', 'cluster.yaml'), text);
    const read = () => readOfflineMembers(root);
    await survives('truststore/c1.yaml', formatTrustFile(trusted), read, 'STATE_FILE_UNREADABLE');
  });

  it('database/engine', async () => {
    const read = () => recordedEngine(path.join(root, 'database'));
    await survives('database/engine', 'dqlite\n', read, 'STATE_FILE_UNREADABLE');
  });

  it.each(['crt', 'key'] as const)('server.%s', async (kind) => {
    await writeFile(path.join(root, 'server.crt'), pair.certificate);
    await writeFile(path.join(root, 'server.key'), pair.privateKey);
    const text = kind === 'crt' ? pair.certificate : pair.privateKey;
    await survives(`server.${kind}`, text, () => loadKeyPair(root, 'server'), 'INVALID_KEY_PAIR');
  });

  it('.wipe', async () => {
    // Its parts are all there is to forget, so that a name that is still good changes nothing that counts.
    const original = 'removed.20270101T000000';
    await fc.assert(
      fc.asyncProperty(mutated([original], WORDS), async (bytes) => {
        const state = await mkdtemp(path.join(root, 'state-'));
        await writeFile(path.join(state, 'daemon.yaml'), 'precious');
        await writeFile(path.join(state, '.wipe'), bytes);
        try {
          await finishWipe(state);
        } catch (error) {
          expectFault(error, path.join(state, '.wipe'), 'STATE_FILE_UNREADABLE');
          expect(await contentOf(state)).toMatchObject({ 'daemon.yaml': 'precious' });
          return;
        }
        // Kept below the state directory, or deleted where nothing says that it is to be kept.
        const kept = Object.values(await contentOf(state));
        expect(kept).toEqual(bytes.length === 0 ? [] : ['precious']);
      }),
      casesOf(0.2),
    );
  });
});

describe('a damaged file', () => {
  it('of the trust store is reported, and the store keeps what it believed', async () => {
    const directory = path.join(root, 'truststore');
    const file = path.join(directory, 'c1.yaml');
    await writeFile(file, formatTrustFile(trusted));
    const store = await TrustStore.open(directory);
    try {
      await fc.assert(
        fc.asyncProperty(mutated([formatTrustFile(trusted)], WORDS), async (bytes) => {
          await writeFile(file, bytes);
          await store.reload();
          expect(store.list()).toHaveLength(1);
          const { entries, faults } = await readTrustFiles(directory);
          expect([...entries.keys(), ...faults.keys()]).toEqual(['c1.yaml']);
          expect(await readFile(file)).toEqual(bytes);
        }),
      );
    } finally {
      await store.close();
    }
  });

  it('with a list of the trust store writes nothing beside it', async () => {
    const list = JSON.stringify([trusted, { ...trusted, name: 'c2', address: '127.0.0.1:2' }]);
    await fc.assert(
      fc.asyncProperty(mutated([list], [...WORDS, '"name":"../c9"']), async (bytes) => {
        const around = await mkdtemp(path.join(root, 'around-'));
        const directory = path.join(around, 'truststore');
        await mkdir(directory);
        await writeFile(path.join(directory, '.replace.json'), bytes);
        const fault = await finishReplacement(directory);
        const { entries, faults } = await readTrustFiles(directory);
        expect(faults.size).toBe(0);
        expect(fault === undefined || entries.size === 0).toBe(true);
        const files = Object.keys(await contentOf(around)).toSorted();
        expect(files).toEqual([...entries.keys()].map((file) => path.join('truststore', file)));
      }),
      casesOf(0.2),
    );
  });

  it('with the note of an initialisation still says that there was one', async () => {
    const note = JSON.stringify({
      operation: 'bootstrap',
      name: 'c1',
      asked: { addresses: ['127.0.0.1:1'], certificate: pair.certificate },
    });
    await survives('initialising.json', note, async () => {
      expect(await interruptedInitialisation(root)).toMatchObject({ name: expect.any(String) });
    });
  });

  it('with the members of a recovery is refused in a sentence', () => {
    fc.assert(
      fc.property(mutated([formatMembers(members)], WORDS), (bytes) => {
        try {
          const read = parseMembers(bytes.toString('utf8'), 'recovery.yaml');
          expect(read.every(({ id }) => typeof id === 'bigint')).toBe(true);
        } catch (error) {
          expectFault(error, 'recovery.yaml', 'BAD_REQUEST');
        }
      }),
    );
  });
});

describe('a damaged archive', () => {
  it('of a recovery leaves nothing behind that was unpacked', async () => {
    const database = path.join(root, 'database');
    await writeFile(path.join(database, 'cluster.yaml'), 'a');
    await writeFile(path.join(database, 'recovery.yaml'), 'b');
    await writeFile(path.join(database, 'metadata1'), 'c'.repeat(500));
    const file = path.join(root, 'recovery_db.tar.gz');
    await packDatabase(database, file);
    const original = await readFile(file);
    const target = path.join(root, 'recovery_db');
    await fc.assert(
      fc.asyncProperty(mutated([original]), async (bytes) => {
        await writeFile(file, bytes);
        try {
          await unpackDatabase(file, target);
          expect(Object.keys(await contentOf(target)).toSorted()).toEqual([
            'cluster.yaml',
            'metadata1',
            'recovery.yaml',
          ]);
        } catch (error) {
          expectFault(error, file, 'STATE_FILE_UNREADABLE');
          expect(await readdir(root)).not.toContain('recovery_db');
        }
      }),
      casesOf(0.5),
    );
  });

  it('of a backup is refused before its end, in a sentence', async () => {
    const header = {
      created: '2027-01-01T00:00:00Z',
      application: '1.0.0',
      member: 'c1',
      schema: { internal: 6, external: 2 },
    };
    const original = await buffer(formatBackup(header, Readable.from([])));
    const quotedInTheError = gzipSync('{"format":a\n');
    await fc.assert(
      fc.asyncProperty(mutated([original]), async (bytes) => {
        try {
          const { records } = await readBackup(Readable.from([bytes]), 'The backup');
          for await (const _record of records);
        } catch (error) {
          expectFault(error, 'The backup', 'BAD_REQUEST');
        }
      }),
      { examples: [[quotedInTheError]] },
    );
  });
});
