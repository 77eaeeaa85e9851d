/** A cluster whose members have processes of their own: killed, stopped where they are, and coming back. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../../temporary-directory.js';
import { TestCluster, type ProcessMember } from '../index.js';
import { compileItems } from './compiled-items.fixture.js';

/** An election on a busy machine. */
const LIMIT_MS = 60_000;

let directory: string;
let file: URL;

beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  file = await compileItems(directory);
});

afterAll(async () => {
  await removeTemporaryDirectory(directory);
});

/** Whether anything of a process group is there. */
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function groupsOf({ members }: TestCluster<ProcessMember>): number[] {
  return members.flatMap(({ pid }) => pid ?? []);
}

describe('a cluster of processes', { timeout: 240_000 }, () => {
  let cluster: TestCluster<ProcessMember>;

  beforeAll(async () => {
    cluster = await TestCluster.create(
      { file, export: 'ItemsAppModule' },
      { heartbeatIntervalMs: 400, env: { ITEMS_NOTE: 'from the test' } },
    );
  }, 180_000);

  afterAll(async () => {
    await cluster.close();
  });

  async function write(member: ProcessMember, name: string): Promise<void> {
    await cluster.until(async () => {
      await member.client.request('POST', '/1.0/items', { body: { name } });
      return true;
    }, LIMIT_MS);
  }

  async function untilItHas(member: ProcessMember, name: string): Promise<void> {
    await cluster.until(async () => {
      const items = await member.client.request('GET', '/1.0/items');
      return JSON.stringify(items).includes(`"name":"${name}"`);
    }, LIMIT_MS);
  }

  it('has members of their own names, addresses, directories and processes', async () => {
    const rows = await cluster.member(1).client.clusterMembers();
    expect(rows.map(({ name, address }) => ({ name, address }))).toEqual(
      cluster.members.map(({ name, address }) => ({ name, address })),
    );
    const groups = groupsOf(cluster);
    expect(new Set([process.pid, ...groups]).size).toBe(4);
    expect(await readFile(`/proc/${groups[0]}/environ`, 'utf8')).toContain(
      'ITEMS_NOTE=from the test',
    );
    expect(cluster.member(2).logs()).toContain("to: 'ready'");
  });

  it('goes on when the leader is killed, which comes back with what was written meanwhile', async () => {
    const killed = await cluster.leader(LIMIT_MS);
    await cluster.kill(killed.number);
    expect(killed).toMatchObject({ state: 'killed', pid: undefined });
    const next = await cluster.leader(LIMIT_MS);
    expect(next.number).not.toBe(killed.number);
    await write(next, 'ink');

    await cluster.start(killed.number);
    expect(killed.state).toBe('running');
    await untilItHas(killed, 'ink');
  });

  it('goes on when the leader stands still, which catches up when it goes on', async () => {
    const paused = await cluster.leader(LIMIT_MS);
    cluster.pause(paused.number);
    expect(cluster.running).not.toContain(paused);
    await expect(paused.client.ready({ timeoutMs: 500 })).rejects.toThrow('within 500 ms');
    const next = await cluster.leader(LIMIT_MS);
    expect(next.number).not.toBe(paused.number);
    await write(next, 'paper');

    cluster.resume(paused.number);
    await untilItHas(paused, 'paper');
  });

  it('has members that stop in good order', async () => {
    const stopped = await cluster.leader(LIMIT_MS);
    await cluster.stop(stopped.number);
    expect(stopped.state).toBe('stopped');
    expect(stopped.logs()).toContain("to: 'offline'");
    await cluster.start(stopped.number);
  });

  it('knows that a member has ended by itself', async () => {
    const member = cluster.member(3);
    await member.client.shutdown();
    await expect.poll(() => member.state).toBe('stopped');
  });

  it('can be closed while a member stands still, and leaves nothing', async () => {
    cluster.pause(1);
    const groups = groupsOf(cluster);
    await cluster.close();
    await expect.poll(() => groups.filter(isAlive)).toEqual([]);
    expect(existsSync(cluster.directory)).toBe(false);
  });
});

it('a member that cannot be started says why, and is gone', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValueOnce(true);
  const starting = TestCluster.create({ file, export: 'NoModule' }, { members: 1 });
  const failure = await starting.catch(String);
  expect(failure).toMatch(
    /Member n1 could not be started: file:.* exports no module "NoModule", but .*ItemsAppModule/,
  );
  const [, kept = ''] = /Logs and state of the members are in (\S+)/.exec(String(failure)) ?? [];
  expect(existsSync(kept)).toBe(true);
  await rm(kept, { recursive: true });
});

it('a member does not outlive the process of the test, not even when it stands still', async () => {
  const test = fork(new URL('./dying-test.fixture.mjs', import.meta.url), [file.href], {
    execArgv: [],
  });
  const [group]: unknown[] = await once(test, 'message');
  expect(isAlive(Number(group))).toBe(true);
  test.kill('SIGKILL');
  await expect.poll(() => isAlive(Number(group))).toBe(false);
}, 120_000);
