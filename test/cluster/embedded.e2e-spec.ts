/** A real daemon on the embedded engine: chosen explicitly, recorded, never changed silently, never with peers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeAddresses } from '../support/addresses.js';
import { TestCluster } from '../support/cluster.js';
import { Daemon } from '../support/daemon.js';
import { runProgram } from '../support/programs.js';

describe('a member with the sqlite engine', () => {
  let cluster: TestCluster;
  let member: Daemon;

  beforeAll(async () => {
    cluster = await TestCluster.form(1, { engine: 'sqlite' });
    member = cluster.member(1);
  });
  afterAll(() => cluster.close());

  it('is a cluster of one voter', async () => {
    await cluster.settled();
    const rows = await cluster.table();
    expect(rows).toEqual([{ name: 'c1', role: 'voter', status: 'ONLINE' }]);
  });

  it('keeps what is written over a restart', async () => {
    const created = await member.request('POST', '/1.0/items', { name: 'kept' });
    expect(created.status, created.error).toBe(200);
    expect(await member.stop()).toEqual({ code: 0, signal: null });
    await member.start();
    const { metadata } = await member.request('GET', '/1.0/items');
    expect(metadata).toEqual([{ id: 1, name: 'kept' }]);
  });

  it('keeps what is written over kill -9', async () => {
    const created = await member.request('POST', '/1.0/items', { name: 'kept too' });
    expect(created.status, created.error).toBe(200);
    await member.kill();
    await member.start();
    const { text } = await member.request('GET', '/1.0/items');
    expect(text).toContain('kept too');
  });

  it('says clearly that it cannot issue a join token', async () => {
    const refused = await member.request('POST', '/core/control/tokens', { name: 'c2' });
    expect([refused.status, refused.error]).toEqual([
      400,
      'This member uses the embedded sqlite engine, which has no peers; start it with engine "dqlite" first',
    ]);
    const command = await member.tryControl('tokens', 'add', 'c2');
    expect([command.code, command.out]).toEqual([1, '']);
    expect(command.err).toContain('embedded sqlite engine');
  });

  it('refuses an engine that does not exist', async () => {
    const refused = await runProgram('microd', ['--state-dir', `${member.stateDir}-other`], {
      ...process.env,
      MICROCLUSTER_ENGINE: 'postgres',
    });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("engine must be 'dqlite' or 'sqlite'");
  });

  it('stops by the API with status 0', async () => {
    await member.control('shutdown');
    expect(await member.exit()).toEqual({ code: 0, signal: null });
  });

  it('moves to dqlite with its data when it is started so, and then has peers', async () => {
    const { name, address, stateDir, logFile } = member;
    const moved = new Daemon({ name, address, stateDir, logFile, engine: 'dqlite' });
    await using others = await TestCluster.prepare(1);
    const joiner = new Daemon({ ...others.member(1), name: 'c2', engine: 'dqlite' });
    try {
      await Promise.all([moved.start(), joiner.start()]);
      await cluster.join(joiner, moved);
      const { text } = await joiner.request('GET', '/1.0/items');
      expect(text).toContain('kept too');
      const created = await joiner.request('POST', '/1.0/items', { name: 'from the second' });
      expect(created.status, created.error).toBe(200);
      expect(await moved.file('database/engine')).toBe('dqlite\n');
      await expect(moved.file('database/embedded.db.before-dqlite')).resolves.toContain('SQLite');
    } finally {
      await Promise.all([joiner.destroy(), moved.destroy()]);
    }
  });

  it('does not go back, and says so', async () => {
    const refused = await runProgram('microd', ['--state-dir', member.stateDir], {
      ...process.env,
      MICROCLUSTER_ENGINE: 'sqlite',
    });
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^Error: .*belongs to the engine "dqlite" but "sqlite"/m);
    expect(refused.err).not.toMatch(/\n\s+at /);
  });
});

describe('a daemon with the sqlite engine that is asked to join', () => {
  it('refuses before it asks anybody, keeps the token usable and can still bootstrap', async () => {
    await using cluster = await TestCluster.form(1);
    await using embedded = await TestCluster.prepare(1, { engine: 'sqlite' });
    const [issuer, joiner] = [cluster.member(1), embedded.member(1)];
    await joiner.start();
    const [address = ''] = await freeAddresses(1);
    const token = (await issuer.control('tokens', 'add', 'c2')).trim();
    const refused = await joiner.tryControl('init', 'c2', address, '--token', token);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('embedded sqlite engine');
    const { text } = await issuer.request('GET', '/core/control/tokens');
    expect(text).toContain(token);
    await joiner.control('init', 'c1', address, '--bootstrap');
  });
});
