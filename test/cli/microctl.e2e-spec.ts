import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY, runProgram } from '../support/programs.js';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';

describe('microctl on a daemon that is not initialised', () => {
  let cluster: TestCluster;
  let daemon: Daemon;

  beforeAll(async () => {
    cluster = await TestCluster.prepare(1, { engine: 'sqlite' });
    daemon = cluster.member(1);
    await daemon.start();
  });
  afterAll(() => cluster.close());

  it('finds it ready', async () => {
    expect(await daemon.tryControl('waitready', '--timeout', '5')).toEqual({
      code: 0,
      out: '',
      err: '',
    });
  });

  it.each([
    [['init', 'c_1', '127.0.0.1:1', '--bootstrap'], 'Name can only contain alphanumeric'],
    [['init', '1', '127.0.0.1:1', '--bootstrap'], 'Name cannot be a number'],
    [['init', 'c1', '127.0.0.1:1', '--token', 'nonsense'], ''],
    [['cluster', 'list'], 'Database is not yet initialized'],
    [['tokens', 'add', 'c2'], 'Database is not yet initialized'],
    [['tokens', 'list'], 'Database is not yet initialized'],
    [['tokens', 'revoke', 'c2'], 'Database is not yet initialized'],
    [['sql', 'select 1'], 'Database is not yet initialized'],
    [['cluster', 'list', '--local'], 'run microctl init first'],
  ])('refuses %j with a sentence, and changes nothing', async (argv, text) => {
    const { code, out, err } = await daemon.tryControl(...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: [^\n]+\n$/);
    expect(err).toContain(text);
    expect((await daemon.request('GET', '/core/1.0')).metadata).toMatchObject({ ready: false });
  });
});

describe('microctl on a member', () => {
  let cluster: TestCluster;
  let daemon: Daemon;

  beforeAll(async () => {
    cluster = await TestCluster.form(1, { engine: 'sqlite' });
    daemon = cluster.member(1);
  });
  afterAll(() => cluster.close());

  it('lists it in every format', async () => {
    await cluster.settled();
    expect(await daemon.control('cluster', 'list', '-f', 'csv')).toMatch(
      new RegExp(`^c1,${daemon.address},voter,[0-9a-f]{64},ONLINE\n$`),
    );
    expect(JSON.parse(await daemon.control('cluster', 'list', '-f', 'json'))).toMatchObject([
      { name: 'c1', address: daemon.address, role: 'voter', status: 'ONLINE' },
    ]);
    expect(await daemon.control('cluster', 'list', '-f', 'yaml')).toMatch(
      /^- clustermemberlocal:\n {4}name: c1\n/,
    );
    expect(await daemon.control('cluster', 'list', '-f', 'compact')).toMatch(/^ NAME /);
    expect(await daemon.control('cluster', 'list')).toContain('| NAME |');
  });

  it('refuses to initialise it again', async () => {
    const { code, err } = await daemon.tryControl('init', 'c1', daemon.address, '--bootstrap');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'Error: Unable to initialize cluster: Database is online\n',
    });
  });

  it('runs SQL, from the command line and from standard input', async () => {
    await daemon.request('POST', '/1.0/items', { name: "it's; fine" });
    expect(await daemon.control('sql', 'SELECT id, name FROM items')).toBe(
      [
        '+----+------------+',
        '| id |    name    |',
        '+----+------------+',
        "| 1  | it's; fine |",
        '+----+------------+',
        '',
      ].join('\n'),
    );
    const both = await runProgram(
      'microctl',
      ['--state-dir', daemon.stateDir, 'sql', '-'],
      process.env,
      "INSERT INTO items(name) VALUES('x;y'); SELECT count(*) AS n FROM items",
    );
    expect(both).toMatchObject({ code: 0, err: '' });
    expect(both.out).toMatch(/^=> Query 0:\n\nRows affected: 1\n\n=> Query 1:\n\n\+/);
    const broken = await daemon.tryControl('sql', 'SELECT nonsense');
    expect(broken.code).toBe(1);
    expect(broken.err).toContain('no such column: nonsense');
  });

  it('dumps the database', async () => {
    const dump = await daemon.control('sql', '.dump');
    expect(dump).toMatch(/^PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n/);
    expect(dump).toContain("INSERT INTO items VALUES(1,'it''s; fine');");
    const schema = await daemon.control('sql', '.schema');
    expect(schema).toContain('core_cluster_members');
    expect(schema).not.toContain('INSERT INTO');
  });

  it('says why the embedded engine gives no join token', async () => {
    const { code, err } = await daemon.tryControl('tokens', 'add', 'c2');
    expect(code).toBe(1);
    expect(err).toContain('dqlite');
  });

  it('takes STATE_DIR from the environment', async () => {
    const result = await runProgram('microctl', ['cluster', 'list', '-f', 'csv'], {
      ...process.env,
      STATE_DIR: daemon.stateDir,
    });
    expect(result.out).toMatch(/^c1,/);
  });

  it('shuts the daemon down, which then is not running', async () => {
    expect(await daemon.control('shutdown')).toBe('');
    expect(await daemon.exit()).toEqual({ code: 0, signal: null });
    const { code, err } = await daemon.tryControl('cluster', 'list');
    expect(code).toBe(1);
    expect(err).toContain('it does not exist; start the daemon');
  });
});

it('answers --version and --help at most 80 ms later than an empty program ends', () => {
  const program = join(REPOSITORY, 'dist/microctl/main.js');
  const timeOf = (args: readonly string[]): number => {
    const began = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    expect(status).toBe(0);
    return performance.now() - began;
  };
  // Only the fastest of each tells of the program; everything slower tells of what else the machine did.
  const fastest = { bare: Infinity, version: Infinity, help: Infinity };
  const isQuick = () => Math.max(fastest.version, fastest.help) - fastest.bare < 80;
  for (let round = 0; round < 60 && (round < 5 || !isQuick()); round += 1) {
    fastest.bare = Math.min(fastest.bare, timeOf(['-e', '0']));
    fastest.version = Math.min(fastest.version, timeOf([program, '--version']));
    fastest.help = Math.min(fastest.help, timeOf([program, '--help']));
  }
  expect(fastest.version - fastest.bare).toBeLessThan(80);
  expect(fastest.help - fastest.bare).toBeLessThan(80);
});
