/** Our members beside Go's: the `dqlite` shell on our cluster, and mixed clusters that fail over both ways. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DqliteApp, DqliteProcess, dialTcp } from '@microcluster/dqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { freeAddresses } from '../support/addresses.js';
import { eventually } from '../support/eventually.js';
import { DqliteDemo, dqliteShell, missingPrograms } from './go-dqlite.js';

/** What Go's members use, and the whole cluster must agree on. */
const GO_LATENCY_MS = 500;
const WAIT_MS = 90_000;

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'interop-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function openMember(
  address: string,
  known: readonly string[],
  networkLatencyMs = GO_LATENCY_MS,
): Promise<DqliteApp> {
  const app = await DqliteApp.open({
    address,
    directory: directory(),
    join: known,
    host: new DqliteProcess(),
    dial: dialTcp,
    networkLatencyMs,
    adjustIntervalMs: 500,
  });
  cleanups.push(() => app.close());
  await app.ready(AbortSignal.timeout(WAIT_MS));
  return app;
}

function startDemo(address: string, api: string, known: readonly string[]): DqliteDemo {
  const demo = new DqliteDemo({ address, api, directory: directory(), join: known });
  cleanups.push(() => demo.stop());
  demo.start();
  return demo;
}

async function votersOf(app: DqliteApp): Promise<number> {
  return (await app.members()).filter(({ role }) => role === 'voter').length;
}

const missing = missingPrograms();

describe.skipIf(missing !== undefined)(`with go-dqlite (${missing ?? 'installed'})`, () => {
  it("lets Go's shell query, write, list and dump a cluster of our nodes", async () => {
    const addresses = await freeAddresses(3);
    const apps: DqliteApp[] = [];
    for (const [at, address] of addresses.entries()) {
      apps.push(await openMember(address, addresses.slice(0, at), 50));
    }
    const [first] = apps;
    const [firstAddress] = addresses;
    if (first === undefined || firstAddress === undefined) throw new Error('no members');
    const db = first.client('demo');
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');
    await db.exec("INSERT INTO t VALUES (1, 'ours')");

    expect(await dqliteShell(addresses, 'demo', 'SELECT id, name FROM t')).toBe('1|ours\n');
    await dqliteShell(addresses, 'demo', "INSERT INTO t VALUES (2, 'theirs')");
    expect((await db.query('SELECT name FROM t ORDER BY id')).rows).toEqual([['ours'], ['theirs']]);

    const listed = await dqliteShell(addresses, 'demo', '.cluster');
    const expected = (await first.members()).map(
      ({ id, address, role }) => `${id.toString(16)}|${address}|${role}`,
    );
    expect(listed.trim().split('\n').toSorted()).toEqual(expected.toSorted());
    const leader = await first.leader();
    expect(await dqliteShell(addresses, 'demo', '.leader')).toBe(`${leader?.address}\n`);

    const cwd = directory();
    await dqliteShell(addresses, 'demo', `.dump ${firstAddress} demo`, { cwd });
    expect(readFileSync(join(cwd, 'demo')).subarray(0, 15).toString()).toBe('SQLite format 3');
    expect(readFileSync(join(cwd, 'demo-wal')).length).toBeGreaterThan(0);
  });

  it('lets a Go member join a cluster that we lead, and survives the loss of our leader', async () => {
    const [ours = '', go = '', other = '', api = ''] = await freeAddresses(4);
    const first = await openMember(ours, []);
    const demo = startDemo(go, api, [ours]);
    await eventually('the Go member to join', WAIT_MS, async () => {
      expect(await first.members()).toHaveLength(2);
    });
    const second = await openMember(other, [ours, go]);
    await eventually('three voters', WAIT_MS, async () => {
      expect(await votersOf(second)).toBe(3);
    });
    await eventually('a write through Go', WAIT_MS, () => demo.put('before', 'ours leads'));
    const rows = await second.client('demo').query("SELECT value FROM model WHERE key = 'before'");
    expect(rows.rows).toEqual([['ours leads']]);

    await first.close();

    await eventually('a write through Go after the fail-over', WAIT_MS, () =>
      demo.put('after', 'another leads'),
    );
    const { rows: after } = await second
      .client('demo')
      .query("SELECT value FROM model WHERE key = 'after'", [], { deadlineMs: WAIT_MS });
    expect(after).toEqual([['another leads']]);
  });

  it('joins a cluster that Go leads, leads it when Go dies, and takes Go back', async () => {
    const [go = '', ours = '', other = '', api = ''] = await freeAddresses(4);
    const demo = startDemo(go, api, []);
    await eventually('a write on the Go member', WAIT_MS, () => demo.put('before', 'go leads'));
    const first = await openMember(ours, [go]);
    const second = await openMember(other, [go, ours]);
    expect((await first.leader())?.address).toBe(go);
    await eventually('three voters', WAIT_MS, async () => {
      expect(await votersOf(second)).toBe(3);
    });

    await demo.stop('SIGKILL');

    const db = first.client('demo');
    await db.exec("INSERT OR REPLACE INTO model (key, value) VALUES ('after', 'ours leads')", [], {
      deadlineMs: WAIT_MS,
      idempotent: true,
    });
    expect([ours, other]).toContain((await first.leader())?.address);
    const rows = await db.query('SELECT value FROM model ORDER BY key DESC');
    expect(rows.rows).toEqual([['go leads'], ['ours leads']]);

    demo.start();
    await eventually('the Go member to read what it missed', WAIT_MS, async () => {
      expect(await demo.get('after')).toBe('ours leads');
    });
  });
});
