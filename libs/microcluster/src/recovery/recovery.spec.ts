/** A whole recovery on real databases, interrupted after every step. */
import { cp, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { failure, startRecordingServer } from '../client/recording-server.fixture.js';
import { readDaemonConfigFile } from '../state/daemon-config.js';
import { readTrustFiles } from '../trust/trust-files.js';
import { recoverAtStart, stepsOf } from './at-start.js';
import { refuseRunningMembers } from './contact-members.js';
import { goArchive, type GoFormat } from './go-archive.fixture.js';
import { loadSteps, prepareLoad } from './load.js';
import { MEMBERS, Members, MOVED, openNode } from './member.fixture.js';
import { readOfflineMembers } from './offline-members.js';
import { readPlan, writePlan, type RecoveryPlan } from './plan.js';
import { recoverFromQuorumLoss } from './recover.js';
import { runSteps } from './steps.js';

const silent = { warn: () => undefined };
const SELF = MEMBERS[0]?.id ?? 0n;
const plan: RecoveryPlan = { kind: 'rewrite', self: SELF, members: MOVED };

let original: Members;
beforeAll(async () => {
  original = await Members.create();
}, 60_000);
afterAll(() => original[Symbol.asyncDispose]());

let copies = 0;
/** A state directory of its own for one test. */
async function copyOf(name: string, from = original.state(name)): Promise<string> {
  copies += 1;
  const state = path.join(original.root, `copy-${copies}`);
  await cp(from, state, { recursive: true });
  return state;
}

const addressesOf = async (state: string): Promise<Record<string, string>> => {
  const { entries } = await readTrustFiles(path.join(state, 'truststore'));
  return Object.fromEntries([...entries.values()].map(({ name, address }) => [name, address]));
};

/** What the files of a state directory say of the members. */
async function recordsOf(state: string): Promise<unknown> {
  return {
    plan: await readPlan(state),
    members: await readOfflineMembers(state),
    trusted: await addressesOf(state),
    config: await readDaemonConfigFile(path.join(state, 'daemon.yaml')),
  };
}

/** What they say of members that have moved. */
const moved = (name: string, address: string) => ({
  plan: undefined,
  members: MOVED,
  trusted: { c1: '127.0.0.1:2', c2: '127.0.0.1:1' },
  config: { name, address, servers: { extra: { address: '127.0.0.1:3' } } },
});

async function rowsOf(state: string, address: string): Promise<unknown> {
  const app = await openNode(path.join(state, 'database'), address);
  try {
    return (await app.client('db.bin').query('SELECT v FROM t')).rows;
  } finally {
    await app.close();
  }
}

const PATCH =
  'SELECT 1;\n' +
  `UPDATE core_cluster_members SET address = '127.0.0.1:2' WHERE name = 'c1';\n` +
  `UPDATE core_cluster_members SET address = '127.0.0.1:1' WHERE name = 'c2';\n`;

describe('the member whose data the cluster goes on with', () => {
  it('moves with all addresses exchanged, and leaves archive, backup and patch', async () => {
    const state = await copyOf('c1');
    await writeFile(path.join(state, 'control.socket'), '');
    const outcome = await recoverFromQuorumLoss(state, MOVED, { contactLimitMs: 2_000 });
    expect(outcome.tarball).toBe(path.join(state, 'recovery_db.tar.gz'));
    expect((await stat(outcome.tarball)).mode & 0o777).toBe(0o600);
    expect((await stat(outcome.backup)).mode & 0o777).toBe(0o600);
    expect(await recordsOf(state)).toEqual(moved('c1', '127.0.0.1:2'));
    expect(await readFile(path.join(state, 'patch.global.sql'), 'utf8')).toBe(PATCH);
    await recoverAtStart(state, silent);
    expect((await readdir(state)).filter((name) => name.startsWith('recovery_db'))).toEqual([
      'recovery_db.applied.tar.gz',
    ]);
    expect(await rowsOf(state, '127.0.0.1:2')).toEqual([[42]]);
  });

  const steps = stepsOf('/nowhere', plan).map(({ name }, at) => [at + 1, name] as const);
  it.each([[0, 'write the plan'] as const, ...steps])(
    'that is killed after step %i (%s) completes at its next start',
    async (count) => {
      const state = await copyOf('c1');
      await writePlan(state, plan);
      await runSteps(stepsOf(state, plan).slice(0, count));
      // What the daemon does first; it also finds the archive that was made here.
      await recoverAtStart(state, silent);
      expect(await recordsOf(state)).toEqual(moved('c1', '127.0.0.1:2'));
      expect(await readFile(path.join(state, 'patch.global.sql'), 'utf8')).toBe(PATCH);
    },
  );

  it('that was killed has its data all the same, also after a repeated rewrite', async () => {
    const state = await copyOf('c1');
    await writePlan(state, plan);
    await runSteps(stepsOf(state, plan).slice(0, 2));
    await recoverAtStart(state, silent);
    expect(await rowsOf(state, '127.0.0.1:2')).toEqual([[42]]);
  });

  it('completes an interrupted recovery before a repeated one', async () => {
    const state = await copyOf('c1');
    await writePlan(state, plan);
    await runSteps(stepsOf(state, plan).slice(0, 1));
    expect(await readOfflineMembers(state)).toEqual(MOVED);
    await recoverFromQuorumLoss(state, MOVED, { contactLimitMs: 2_000 });
    expect(await recordsOf(state)).toEqual(moved('c1', '127.0.0.1:2'));
  });

  it('refuses an impossible list and a running member, and changes nothing', async () => {
    const state = await copyOf('c1');
    const before = (await readdir(state, { recursive: true })).toSorted();
    const attempt = (members: typeof MOVED) =>
      recoverFromQuorumLoss(state, members, { contactLimitMs: 2_000 });
    await expect(attempt(MOVED.slice(1))).rejects.toThrow('members cannot be added or removed');
    const after = (await readdir(state, { recursive: true })).filter((n) => n !== 'node.lock');
    expect(after.toSorted()).toEqual(before);
  });

  it('refuses the directory of a spare, which would leave nothing of the data', async () => {
    const state = await copyOf('c2');
    await expect(recoverFromQuorumLoss(state, MOVED, { contactLimitMs: 2_000 })).rejects.toThrow(
      "holds no copy of the cluster's data",
    );
    expect(await readOfflineMembers(state)).toEqual(MEMBERS);
  });

  it('says what is wrong with a path that holds no member, and makes nothing of it', async () => {
    const nowhere = path.join(original.root, 'nowhere');
    await expect(recoverFromQuorumLoss(nowhere, MOVED)).rejects.toThrow("No member's database in");
    await expect(stat(nowhere)).rejects.toThrow('ENOENT');
  });
});

describe('asking whether members are running', () => {
  it.each([200, 403, 503])('counts an answer of status %i', async (status) => {
    const keyPair = await generateKeyPair({ commonName: 'cluster' });
    const state = await copyOf('c1');
    for (const name of ['server', 'cluster']) {
      await writeFile(path.join(state, `${name}.crt`), keyPair.certificate);
      await writeFile(path.join(state, `${name}.key`), keyPair.privateKey);
    }
    const peer = await startRecordingServer({ keyPair });
    peer.answer = () => (status === 200 ? {} : { status, text: failure(status, 'no') });
    try {
      const members = [
        { name: 'c1', address: '127.0.0.1:1' },
        { name: 'c2', address: `127.0.0.1:${peer.port}` },
      ];
      await expect(refuseRunningMembers(state, members, undefined, 5_000)).rejects.toThrow(
        'Contacted cluster member at "c2"; please shut down all cluster members',
      );
      expect(peer.requests.map(({ url }) => url)).toEqual(['/core/1.0']);
    } finally {
      await peer.close();
    }
  });
});

/** `recovery.yaml` as the original writes it (`spec/core-api.md` 23.3). */
const GO_RECOVERY_LIST = `- id: 3297041220608546238
  address: 127.0.0.1:2
  role: voter
  name: c1
- id: 2
  address: 127.0.0.1:1
  role: spare
  name: c2
`;

describe('another member', () => {
  let recovered: string;
  beforeAll(async () => {
    recovered = await copyOf('c1');
    await writePlan(recovered, plan);
    await runSteps(stepsOf(recovered, plan));
  });
  const waiting = async (name = 'c2'): Promise<string> => {
    const state = await copyOf(name);
    await copyFile(
      path.join(recovered, 'recovery_db.tar.gz'),
      path.join(state, 'recovery_db.tar.gz'),
    );
    return state;
  };

  it('loads the archive at its start, keeps its identity and a backup', async () => {
    const state = await waiting();
    await recoverAtStart(state, silent);
    expect(await recordsOf(state)).toEqual(moved('c2', '127.0.0.1:1'));
    expect(await readFile(path.join(state, 'database', 'info.yaml'), 'utf8')).toBe(
      'ID: 2\nAddress: 127.0.0.1:1\nRole: 0\n',
    );
    const names = await readdir(state);
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^db_backup\./)]));
    expect(names.filter((name) => name.startsWith('recover'))).toEqual([]);
    expect(await readdir(path.join(state, 'database'))).not.toContain('recovery.yaml');
  });

  it.each<GoFormat>(['ustar', 'pax'])(
    'loads an archive that a member in Go has made (%s)',
    async (format) => {
      const state = await copyOf('c2');
      const source = path.join(recovered, 'database');
      const names = (await readdir(source)).filter(
        (name) => !['info.yaml', 'engine', 'node.lock', 'recovery.yaml'].includes(name),
      );
      const data = await Promise.all(
        names.map(async (name) => ({ name, content: await readFile(path.join(source, name)) })),
      );
      // Its YAML has its keys in another order and its roles as numbers; libdqlite's lock is in its directory too.
      const nodes = '- Address: 127.0.0.1:2\n  ID: 3297041220608546238\n  Role: 0\n';
      const files = [
        ...data.filter(({ name }) => name !== 'cluster.yaml'),
        {
          name: 'cluster.yaml',
          content: Buffer.from(`${nodes}- Address: 127.0.0.1:1\n  ID: 2\n  Role: 2\n`),
        },
        { name: 'dqlite-lock', content: Buffer.alloc(0) },
        { name: 'recovery.yaml', content: Buffer.from(GO_RECOVERY_LIST) },
      ];
      await writeFile(path.join(state, 'recovery_db.tar.gz'), goArchive(files, format));

      await recoverAtStart(state, silent);

      expect(await recordsOf(state)).toEqual(moved('c2', '127.0.0.1:1'));
      const loaded = path.join(state, 'database');
      for (const { name, content } of data.filter((file) => file.name !== 'cluster.yaml')) {
        expect([name, (await readFile(path.join(loaded, name))).equals(content)]).toEqual([
          name,
          true,
        ]);
      }
      const kept = [...data.map(({ name }) => name), 'info.yaml', 'cluster.yaml'];
      expect((await readdir(loaded)).toSorted()).toEqual([...new Set(kept)].toSorted());
    },
  );

  const steps = loadSteps('/nowhere', { ...plan, kind: 'load' });
  it.each([
    [0, 'write the plan'] as const,
    ...steps.map(({ name }, at) => [at + 1, name] as const),
  ])(
    'that is killed after step %i (%s) of the load completes it at its next start',
    async (count) => {
      const state = await waiting();
      const load = await prepareLoad(state, new Date());
      await runSteps(loadSteps(state, load).slice(0, count));
      await recoverAtStart(state, silent);
      expect(await recordsOf(state)).toEqual(moved('c2', '127.0.0.1:1'));
    },
  );

  it('that is killed between deleting the old database and moving the new one there goes on', async () => {
    const state = await waiting();
    await prepareLoad(state, new Date());
    await rm(path.join(state, 'database'), { recursive: true });
    await recoverAtStart(state, silent);
    expect(await recordsOf(state)).toEqual(moved('c2', '127.0.0.1:1'));
  });

  it('keeps what it has unpacked where the plan for it may be on the disk', async () => {
    const state = await waiting();
    // Where the plan is to be written.
    await mkdir(path.join(state, 'recovering.json'));
    await expect(prepareLoad(state, new Date())).rejects.toThrow('EISDIR');
    expect(await readdir(state)).toContain('recovery_db');
  });

  it('that is not in the list refuses, names the archive and changes nothing', async () => {
    const state = await waiting();
    const info = path.join(state, 'database', 'info.yaml');
    await writeFile(info, 'ID: 99\nAddress: 127.0.0.1:2\nRole: 0\n');
    await expect(recoverAtStart(state, silent)).rejects.toThrow(
      /^Missing local cluster member in incoming recovery\.yaml; remove .*recovery_db\.tar\.gz/,
    );
    expect(await readFile(info, 'utf8')).toContain('ID: 99');
    expect(await readdir(state)).not.toContain('recovery_db');
  });

  it('refuses a damaged archive and changes nothing', async () => {
    const state = await waiting();
    const file = path.join(state, 'recovery_db.tar.gz');
    await writeFile(file, (await readFile(file)).subarray(0, 300));
    await expect(recoverAtStart(state, silent)).rejects.toThrow(`${file} cannot be read: `);
    expect(await readOfflineMembers(state)).toEqual(MEMBERS);
  });

  it('says so when the plan of an interrupted recovery is damaged', async () => {
    const state = await copyOf('c2');
    await writeFile(path.join(state, 'recovering.json'), '{');
    await expect(recoverAtStart(state, silent)).rejects.toThrow('recovering.json cannot be read: ');
  });
});
