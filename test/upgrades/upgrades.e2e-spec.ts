/**
 * Rolling upgrades of an application, with a process for each member and a release for each process.
 *
 * The cluster goes from release to release in the order of the tests. `UPGRADE_MEMBERS=5 npm test -- test/upgrades`
 * is the longer form.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MicroclusterClient, type StreamedEvent } from '@microcluster/nest/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { Client, entriesOf } from './client.js';

const MEMBERS = Number(process.env['UPGRADE_MEMBERS'] ?? 3);
const LIMIT_MS = 120_000;
const PROGRAM = join(import.meta.dirname, 'application.mjs');

const statuses = z.array(z.object({ name: z.string(), status: z.string() }));
const batches = z.object({ Results: z.array(z.object({ rows: z.array(z.array(z.unknown())) })) });

let cluster: TestCluster;
let members: readonly Daemon[];
let others: readonly Daemon[];
let first: Daemon;
let last: Daemon;
/** Where the last member's update program writes the number of the process that has started it. */
let updateRuns: string;

beforeAll(async () => {
  const all = await TestCluster.prepare(MEMBERS + 1, { program: PROGRAM, env: { RELEASE: '1' } });
  cluster = all;
  members = all.members.slice(0, MEMBERS);
  others = members.slice(0, -1);
  first = all.member(1);
  last = all.member(MEMBERS);
  updateRuns = join(all.directory, 'update-runs');
  const updateProgram = join(all.directory, 'update.sh');
  await writeFile(updateProgram, `#!/bin/sh\necho "$PPID $#" >> '${updateRuns}'\n`, {
    mode: 0o755,
  });
  last.nextEnvironment['SCHEMA_UPDATE'] = updateProgram;
  await Promise.all(members.map((member) => member.start()));
  await first.bootstrap();
  for (const joiner of members.slice(1)) await all.join(joiner);
  await until('all members to have a role', first, (rows) =>
    rows.every(({ status }) => status === 'ONLINE'),
  );
}, 180_000);
afterAll(() => cluster.close());

/** Stops a member and starts it with other settings, without waiting for it. */
async function restartAs(member: Daemon, environment: Record<string, string>): Promise<void> {
  await member.stop();
  begin(member, environment);
}

function begin(member: Daemon, environment: Record<string, string>): void {
  for (const name of Object.keys(member.nextEnvironment)) delete member.nextEnvironment[name];
  Object.assign(member.nextEnvironment, environment);
  member.spawn();
}

/** Waits until the member's database waits for `count` others. */
async function waiting(member: Daemon, count: number): Promise<void> {
  await eventually(`${member.name} to wait for ${count} others`, LIMIT_MS, async () => {
    const answer = await member.request('GET', '/1.0/entries');
    expect({ status: answer.status, error: answer.error }).toEqual({
      status: 503,
      error: `Database is waiting for an upgrade: ${count} cluster members have not yet received the update`,
    });
  });
}

/** Waits until the start of a daemon has finished. */
async function online(member: Daemon): Promise<void> {
  await eventually(`${member.name} to be ready`, LIMIT_MS, async () => {
    const answer = await member.request('GET', '/core/1.0/ready');
    if (answer.status !== 200) throw new Error(`${answer.error}\n${await member.log()}`);
  });
}

async function until(
  what: string,
  asked: Daemon,
  condition: (rows: z.infer<typeof statuses>) => boolean,
): Promise<void> {
  await eventually(what, LIMIT_MS, async () => {
    const answer = await asked.request('GET', '/core/1.0/cluster');
    const rows = statuses.parse(answer.metadata);
    if (!condition(rows)) throw new Error(JSON.stringify(rows));
  });
}

async function statusesAt(asked: Daemon): Promise<Record<string, string>> {
  const answer = await asked.request('GET', '/core/1.0/cluster');
  if (answer.status !== 200) throw new Error(answer.error);
  return Object.fromEntries(statuses.parse(answer.metadata).map((row) => [row.name, row.status]));
}

/** Waits until the process ended by itself with a failure, and returns its log. */
async function failed(member: Daemon): Promise<string> {
  expect(await member.exit()).toEqual({ code: 1, signal: null });
  await member.gone();
  return member.log();
}

/** Waits until any member logs it: usually the last that was started, but one that waited may be faster. */
async function logged(pattern: RegExp): Promise<void> {
  await eventually(`a member to log ${pattern.source}`, LIMIT_MS, async () => {
    const logs = await Promise.all(members.map((member) => member.log(20)));
    if (!logs.some((log) => pattern.test(log))) throw new Error(logs.join('\n'));
  });
}

/** The updates of the application that the database has: as it recorded them, and as they left their traces. */
async function updatesAt(asked: Daemon): Promise<unknown> {
  const answer = await asked.request('POST', '/core/internal/sql', {
    query:
      'SELECT group_concat(version) FROM (SELECT version FROM schemas WHERE type = 1 ORDER BY version); SELECT count(*) FROM updates',
  });
  if (answer.status !== 200) throw new Error(answer.error);
  return batches.parse(answer.metadata).Results.map(({ rows }) => rows[0]?.[0]);
}

/** What a member has reported of itself since its start. */
async function reportedBy(member: Daemon): Promise<StreamedEvent[]> {
  const client = new MicroclusterClient({ socketPath: member.socketPath });
  const events: StreamedEvent[] = [];
  try {
    // Whoever asks for what follows an event of another process gets all that this one has kept.
    for await (const event of client.events({
      lastEventId: 'of-another-process',
      signal: AbortSignal.timeout(LIMIT_MS),
    })) {
      events.push(event);
      if (event.type === 'schema-upgraded' && event.member === member.name) return events;
    }
    throw new Error(`the events of ${member.name} have ended: ${JSON.stringify(events)}`);
  } finally {
    await client.close();
  }
}

describe('a joiner of another release', () => {
  it.each([
    ['schema version', { RELEASE: '2' }, /schema version 6\/2.*the cluster has 6\/1/],
    ['API extensions', { EXTENSIONS: 'more' }, /different number of extensions/],
  ])(
    'is refused for its %s before anything is stored',
    async (_what, environment, reason) => {
      const joiner = cluster.member(MEMBERS + 1);
      const before = await statusesAt(first);
      const issued = await first.request('POST', '/core/control/tokens', { name: joiner.name });
      const token = z.string().parse(issued.metadata);
      begin(joiner, environment);
      await online(joiner);
      const init = ['init', joiner.name, joiner.address, '--token', token];
      const result = await joiner.tryControl(...init);
      expect(result.code).not.toBe(0);
      expect(result.err).toMatch(reason);
      expect(await statusesAt(first)).toEqual(before);
      const tokens = await first.request('GET', '/core/control/tokens');
      expect(tokens.text).toContain(joiner.name);
      await first.request('DELETE', `/core/1.0/tokens/${joiner.name}`);
      await joiner.stop();
    },
    LIMIT_MS * 2,
  );
});

describe(`${MEMBERS} members, upgraded one at a time`, () => {
  it(
    'wait for the last of them, while those of the old release take every write',
    async () => {
      const client = new Client(members, 'rolling');
      try {
        for (const [at, member] of others.entries()) {
          await client.progress(5);
          await restartAs(member, { RELEASE: '2' });
          await waiting(member, MEMBERS - at - 1);
        }
        await client.progress(20);

        const needs = Object.fromEntries(
          members.map(({ name }) => [name, name === last.name ? 'NEEDS UPGRADE' : 'UPGRADING']),
        );
        expect(await statusesAt(first)).toEqual(needs);
        expect(await first.control('cluster', 'list')).toMatch(
          new RegExp(`${last.name}.*NEEDS UPGRADE`),
        );
        expect((await first.tryControl('doctor')).out).toContain(
          `The upgrade waits for ${last.name}`,
        );
        await eventually('the log to name it', LIMIT_MS, async () => {
          expect(await first.log(50)).toContain(`"blockedBy":["${last.name}"]`);
        });
        expect(await statusesAt(last)).toMatchObject({
          [first.name]: 'UNREACHABLE',
          [last.name]: 'ONLINE',
        });
        expect(await updatesAt(last)).toEqual(['1', 1]);
        await eventually(
          'the member that is behind to run its update program',
          LIMIT_MS,
          async () => {
            expect(await readFile(updateRuns, 'utf8')).toContain(`${last.pid} 0\n`);
          },
        );

        await restartAs(last, { RELEASE: '2' });
        await Promise.all(members.map(online));
        await client.progress(20);
      } finally {
        await client.stop();
      }
      expect(client.failures).toEqual([]);
      for (const member of members) {
        expect(await entriesOf(member)).toEqual(client.acknowledged);
        expect(await updatesAt(member)).toEqual(['1,2', 2]);
        expect(await reportedBy(member)).toContainEqual(
          expect.objectContaining({
            type: 'schema-upgraded',
            member: member.name,
            from: { internal: 6, external: 1 },
            to: { internal: 6, external: 2 },
          }),
        );
      }
    },
    LIMIT_MS * MEMBERS,
  );
});

describe('an old release', () => {
  it(
    'is refused after the upgrade, and holds up nobody',
    async () => {
      await restartAs(last, { RELEASE: '1' });
      expect(await failed(last)).toContain("This node's version is behind, please upgrade");
      await restartAs(first, { RELEASE: '2' });
      await online(first);
      begin(last, { RELEASE: '2' });
      await online(last);
    },
    LIMIT_MS * 3,
  );
});

describe('a member that was away while the cluster went on', () => {
  it(
    'comes back with the release that it had announced, and has what it missed',
    async () => {
      await restartAs(last, { RELEASE: '3' });
      await waiting(last, MEMBERS - 1);
      await last.kill();
      for (const member of others) await restartAs(member, { RELEASE: '3' });
      await Promise.all(others.map(online));
      const client = new Client(others, 'missed');
      await client.progress(50);
      await client.stop();

      begin(last, { RELEASE: '2' });
      expect(await failed(last)).toContain("This node's version is behind, please upgrade");
      begin(last, { RELEASE: '3' });
      await online(last);
      expect((await entriesOf(last)).filter((name) => name.startsWith('missed'))).toEqual(
        client.acknowledged,
      );
      expect(await updatesAt(last)).toEqual(['1,2,3', 3]);
    },
    LIMIT_MS * 4,
  );
});

describe('an update', () => {
  it(
    'that is cut by a power failure is made whole by the next start',
    async () => {
      for (const member of members) await restartAs(member, { RELEASE: '4', PAUSE_UPDATE: '4' });
      await logged(/update-paused/);
      await Promise.all(members.map((member) => member.kill()));
      for (const member of members) begin(member, { RELEASE: '4' });
      await Promise.all(members.map(online));
      expect(await updatesAt(last)).toEqual(['1,2,3,4', 4]);
    },
    LIMIT_MS * 3,
  );

  it(
    'that fails leaves nothing, says which it was, and lets the cluster go back',
    async () => {
      for (const member of members) await restartAs(member, { RELEASE: '5', BREAK_UPDATE: '5' });
      await logged(/Failed to apply update 5: .*no such table: missing.*addColumn5/);

      await Promise.all(members.map((member) => member.stop()));
      for (const member of members) {
        await writeFile(
          join(member.stateDir, 'patch.global.sql'),
          'UPDATE core_cluster_members SET schema_external = 4;\n',
        );
        begin(member, { RELEASE: '4' });
      }
      await Promise.all(members.map(online));
      expect(await updatesAt(first)).toEqual(['1,2,3,4', 4]);
    },
    LIMIT_MS * 3,
  );
});

describe('a lost member of the old release', () => {
  it(
    'is removed by force while all others wait, and they come online at once',
    async () => {
      for (const member of others) await restartAs(member, { RELEASE: '5' });
      for (const member of others) await waiting(member, 1);
      const refusedWhileUp = await first.tryControl('cluster', 'remove', last.name, '--force');
      await last.kill();
      expect(refusedWhileUp.err).toMatch(/is running; upgrade it, or stop its daemon/);
      const answered = await eventually('the removal', LIMIT_MS, async () => {
        const removed = await first.tryControl('cluster', 'remove', last.name, '--force');
        if (removed.code !== 0) throw new Error(removed.err);
        return performance.now();
      });
      await Promise.all(others.map(online));
      expect(performance.now() - answered).toBeLessThan(5_000);
      expect(Object.keys(await statusesAt(first))).toEqual(others.map(({ name }) => name));
      expect(await updatesAt(first)).toEqual(['1,2,3,4,5', 5]);
    },
    LIMIT_MS * 3,
  );
});
