/** State directories of every released version: this version starts on a copy of each, with its rows and members. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runFile } from '../support/programs.js';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';

const LIMIT_MS = 60_000;
/** The members have fixed addresses; whoever listens here may start them. */
const TURN = { host: '127.87.65.1', port: 18_442 };

const versions = (await readdir(import.meta.dirname, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const ADDRESSES = { dqlite: '127.87.65.1:18443', sqlite: '127.87.65.3:18443' };
const ITEMS = ['anvil', 'bellows', 'crucible'];

const named = z.array(z.object({ name: z.string() }));
const namesOf = (metadata: unknown) => named.parse(metadata).map(({ name }) => name);

let turn: Server;
beforeAll(async () => {
  turn = await eventually('other runs of this test to end', 5 * LIMIT_MS, async () => {
    const server = createServer();
    server.listen(TURN);
    await once(server, 'listening');
    return server;
  });
}, 6 * LIMIT_MS);
afterAll(() => {
  turn.close();
});

let directory: string;
let member: Daemon | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'microcluster-golden-'));
});
afterEach(async () => {
  await member?.destroy();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function open(version: string, engine: 'dqlite' | 'sqlite'): Promise<Daemon> {
  const archive = join(import.meta.dirname, version, `${engine}.tar.gz`);
  await runFile('tar', ['--extract', '--file', archive, '--directory', directory]);
  member = new Daemon({
    name: engine,
    address: ADDRESSES[engine],
    stateDir: join(directory, engine),
    logFile: join(directory, `${engine}.log`),
    engine,
  });
  await member.start();
  return member;
}

describe.each(versions)('a member of version %s', (version) => {
  it.each([
    { engine: 'dqlite' as const, members: ['dqlite', 'spare'], tokens: ['unspent'] },
    { engine: 'sqlite' as const, members: ['sqlite'], tokens: [] },
  ])(
    'on $engine starts with its rows, its members and its tokens, and takes new ones',
    async ({ engine, members, tokens }) => {
      const opened = await open(version, engine);
      const items = await opened.request('GET', '/1.0/items');
      expect(namesOf(items.metadata)).toEqual(ITEMS);
      const table = await opened.request('GET', '/core/1.0/cluster');
      expect(namesOf(table.metadata)).toEqual(members);
      const issued = await opened.request('GET', '/core/control/tokens');
      expect(namesOf(issued.metadata ?? [])).toEqual(tokens);

      const added = await opened.request('POST', '/1.0/items', { name: 'new' });
      expect(added.status).toBe(200);
      expect(await opened.stop()).toEqual({ code: 0, signal: null });
    },
    3 * LIMIT_MS,
  );
});
