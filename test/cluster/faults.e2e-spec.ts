/** What real daemons do when processes die, intruders call and trust is withdrawn. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { runProgram } from '../support/programs.js';
import { databaseProcess, isAlive } from './processes.js';
import { askWhoLeads, dialAsGo, dialAsOurs, GRANTED, readExactly } from './tunnel.js';

const LIMIT_MS = 120_000;
/** A peer that has lost trust is cut off within this time. */
const CUT_OFF_MS = 1_000;
/** Type of the answer that names the leader. */
const LEADER = 1;

let cluster: TestCluster;
let first: Daemon;
let second: Daemon;
let third: Daemon;

beforeAll(async () => {
  cluster = await TestCluster.form(3);
  [first, second, third] = [cluster.member(1), cluster.member(2), cluster.member(3)];
  await cluster.settled();
});
afterAll(() => cluster.close());

describe('a tunnel to the database', () => {
  it('is granted to a Go member with exactly the bytes it expects', async () => {
    const stream = await dialAsGo(second, first);
    try {
      const head = await readExactly(stream, GRANTED.length);
      expect(head.toString('latin1')).toBe(GRANTED);
      expect(await askWhoLeads(stream)).toBe(LEADER);
    } finally {
      stream.destroy();
    }
  });

  it.for([
    ['a Go member', dialAsGo],
    ['a member of ours', dialAsOurs],
  ] as const)('of %s is cut within a second when the member loses trust', async ([, dial]) => {
    const stream = await dial(third, first);
    try {
      if (dial === dialAsGo) await readExactly(stream, GRANTED.length);
      await askWhoLeads(stream);
      const cut = ended(stream);
      const began = performance.now();
      expect(await withdrawTrust(first, third.name)).toBe(200);
      await cut;
      expect(performance.now() - began).toBeLessThan(CUT_OFF_MS);
    } finally {
      stream.destroy();
    }
    // The member is still in the table, so the next heartbeat of the leader trusts it again.
    await eventually('the member to be trusted again', LIMIT_MS, async () => {
      const answer = await first.requestTls(third, 'GET', '/core/1.0/ready');
      if (answer.status !== 200) throw new Error(answer.error);
    });
  });
});

describe('a heartbeat that nobody should believe', () => {
  const forged = (leader: Daemon) => ({
    begin_round: false,
    max_schema_internal: 6,
    max_schema_external: 1,
    leader_address: '',
    cluster_members: { [leader.address]: { name: leader.name, address: leader.address } },
    dqlite_roles: null,
  });

  it('is refused from a stranger and changes nothing', async () => {
    const before = await trustFiles(first);
    const answer = await first.requestTls(undefined, 'POST', '/core/internal/heartbeat', {});
    expect([answer.status, answer.error]).toEqual([403, 'not authorized']);
    expect(await trustFiles(first)).toEqual(before);
  });

  it('is refused from a member that does not lead and changes nothing', async () => {
    const leader = await cluster.leader();
    const [follower, other] = cluster.members.filter((member) => member !== leader);
    if (!follower || !other) throw new Error('there are no followers');
    const member = { ...forged(leader), cluster_members: await rowsByAddress(follower) };
    const before = await trustFiles(other);
    const answer = await other.requestTls(follower, 'POST', '/core/internal/heartbeat', member);
    expect(answer.status).toBe(403);
    expect(await trustFiles(other)).toEqual(before);
  });

  it('is refused when it would leave members out, even from the leader', async () => {
    const leader = await cluster.leader();
    const other = cluster.members.find((member) => member !== leader);
    if (!other) throw new Error('there is no follower');
    const rows = Object.entries(await rowsByAddress(other));
    const without = Object.fromEntries(rows.filter(([address]) => address !== other.address));
    const before = await trustFiles(other);
    const answer = await other.requestTls(leader, 'POST', '/core/internal/heartbeat', {
      ...forged(leader),
      cluster_members: without,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await trustFiles(other)).toEqual(before);
  });
});

describe('processes', () => {
  it('a killed database process costs short 503s, not the daemon', async () => {
    const { pid } = second;
    const database = databaseProcess(pid);
    process.kill(database, 'SIGKILL');
    const seen = new Set<number>();
    await eventually('the database to be back', LIMIT_MS, async () => {
      const answer = await second.request('POST', '/1.0/items', { name: 'after the crash' });
      seen.add(answer.status);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.error}`);
      if (databaseProcess(pid) === database) throw new Error('the old process is still there');
    });
    expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(second.pid).toBe(pid);
    expect(isAlive(pid)).toBe(true);
    await cluster.settled();
  });

  it('a second daemon is refused the state directory, and the first goes on', async () => {
    const refused = await runProgram('microd', ['--state-dir', first.stateDir]);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^Error: .*(already running|in use|locked)/im);
    expect(refused.err).not.toMatch(/\n\s+at /);
    const answer = await first.request('GET', '/core/1.0/ready');
    expect(answer.status).toBe(200);
  });

  it('a killed daemon leaves no orphan, and its stale socket does not hinder the next', async () => {
    const database = databaseProcess(third.pid);
    await third.kill();
    expect(isAlive(database)).toBe(false);
    expect(existsSync(third.socketPath)).toBe(true);
    await third.start();
    await cluster.settled();
  });

  it('SIGTERM ends a daemon with 0, its socket and its database gone', async () => {
    const database = databaseProcess(third.pid);
    expect(await third.stop()).toEqual({ code: 0, signal: null });
    expect(isAlive(database)).toBe(false);
    expect(existsSync(third.socketPath)).toBe(false);
  });
});

/** Settles when the peer has closed its side, or cut the connection. */
function ended(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('the tunnel is still open')), LIMIT_MS);
    for (const event of ['end', 'close', 'error']) {
      stream.once(event, () => {
        clearTimeout(limit);
        resolve();
      });
    }
    stream.resume();
  });
}

/** Removes a member from one trust store, without telling the others. */
async function withdrawTrust(from: Daemon, name: string): Promise<number | undefined> {
  const sent = request({
    socketPath: from.socketPath,
    method: 'DELETE',
    path: `/core/internal/truststore/${name}`,
    headers: { 'user-agent': 'lxd-cluster-notifier' },
  }).end();
  const [response] = await once(sent, 'response', { signal: AbortSignal.timeout(LIMIT_MS) });
  response.resume();
  return response.statusCode;
}

/** The trust store's files with a checksum of each. */
async function trustFiles(member: Daemon): Promise<Record<string, string>> {
  const directory = join(member.stateDir, 'truststore');
  const names = (await readdir(directory)).sort();
  const sums = names.map(async (name) => {
    const content = await readFile(join(directory, name));
    return [name, createHash('sha256').update(content).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(sums));
}

async function rowsByAddress(member: Daemon): Promise<Record<string, unknown>> {
  const { metadata } = await member.request('GET', '/core/1.0/cluster');
  if (!Array.isArray(metadata)) throw new Error('no member table');
  return Object.fromEntries(metadata.map((row: { address: string }) => [row.address, row]));
}
