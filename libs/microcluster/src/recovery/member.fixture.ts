/** State directories of members whose databases are real, without daemons. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import {
  DqliteApp,
  DqliteProcess,
  NodeDirectory,
  type Dial,
  type NodeInfo,
} from '@microcluster/dqlite';
import { generateKeyPair, writeKeyPair } from '../certificates/index.js';
import { writeDaemonConfigFile } from '../state/daemon-config.js';
import { writeTrustFile } from '../trust/trust-files.js';
import { trustEntry } from '../trust/trusted-member.js';
import type { RecoveredMember } from './member-records.js';

/** The members: the first one has data, and the identifier that founds a cluster. */
export const MEMBERS: readonly RecoveredMember[] = [
  { id: 3_297_041_220_608_546_238n, address: '127.0.0.1:1', role: 'voter', name: 'c1' },
  { id: 2n, address: '127.0.0.1:2', role: 'voter', name: 'c2' },
];

/** The same ones at other places; the second has no vote any more, so that the first one can go on alone. */
export const MOVED: readonly RecoveredMember[] = [
  { id: 3_297_041_220_608_546_238n, address: '127.0.0.1:2', role: 'voter', name: 'c1' },
  { id: 2n, address: '127.0.0.1:1', role: 'spare', name: 'c2' },
];

const keyPair = await generateKeyPair({ commonName: 'cluster' });

/** Opens the node of `directory` at `address` without any network. */
export async function openNode(directory: string, address: string): Promise<DqliteApp> {
  const host = new DqliteProcess();
  const dial: Dial = (_address, signal) => host.dialLocal(signal);
  const app = await DqliteApp.open({
    directory,
    address,
    host,
    dial,
    transport: {
      kind: 'tunnel',
      identity: keyPair,
      serving: keyPair,
      trustedServers: [keyPair.certificate],
      trustedPeers: [],
    },
    networkLatencyMs: 30,
  });
  await app.ready(timeLimit(60_000));
  return app;
}

/** Two state directories in a temporary folder. */
export class Members implements AsyncDisposable {
  private constructor(readonly root: string) {}

  static async create(): Promise<Members> {
    const members = new Members(await mkdtemp(path.join(tmpdir(), 'recovery-')));
    for (const { name } of MEMBERS) await members.#createState(name);
    const app = await openNode(members.database('c1'), '127.0.0.1:1');
    await app.client('db.bin').exec('CREATE TABLE t AS SELECT 42 AS v');
    await app.close();
    const nodes = MEMBERS.map(({ id, address, role }): NodeInfo => ({ id, address, role }));
    for (const [at, { name }] of MEMBERS.entries()) {
      const directory = new NodeDirectory(members.database(name));
      await directory.writeServers(nodes);
      const own = nodes[at];
      if (own !== undefined) await directory.writeInfo(own);
    }
    return members;
  }

  state(name: string): string {
    return path.join(this.root, name);
  }

  database(name: string): string {
    return path.join(this.root, name, 'database');
  }

  async #createState(name: string): Promise<void> {
    const state = this.state(name);
    for (const part of ['database', 'truststore']) {
      await mkdir(path.join(state, part), { recursive: true });
    }
    await writeKeyPair(state, 'server', keyPair);
    await writeKeyPair(state, 'cluster', keyPair);
    const own = MEMBERS.find((member) => member.name === name);
    const servers = { extra: { address: '127.0.0.1:3' } };
    await writeDaemonConfigFile(path.join(state, 'daemon.yaml'), {
      name,
      address: own?.address ?? '',
      servers,
    });
    for (const member of MEMBERS) {
      const pair = await generateKeyPair({ commonName: member.name });
      await writeTrustFile(
        path.join(state, 'truststore'),
        trustEntry({ ...member, certificate: pair.certificate }),
      );
    }
    await writeFile(path.join(state, 'patch.global.sql'), 'SELECT 1;');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
