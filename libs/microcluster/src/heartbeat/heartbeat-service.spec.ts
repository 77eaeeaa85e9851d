import { timeLimit } from '@microcluster/dqlite/time-limit';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFixtureSession, type FixtureSession } from '../database/sqlite-session.fixture.js';
import { addressOf, trustOf, VirtualCluster } from './heartbeat.fixture.js';

const NAMES = ['m1', 'm2', 'm3'];
const VOTERS = { m1: 'voter', m2: 'voter', m3: 'voter' };
const NEVER = new Promise<void>(() => undefined);

let session: FixtureSession;
let cluster: VirtualCluster;
beforeEach(async () => {
  session = await openFixtureSession();
  cluster = await VirtualCluster.create(session, NAMES);
});
afterEach(() => session.close());

function namesTrustedBy(name: string): string[] {
  return cluster
    .member(name)
    .trusted.map((member) => member.name)
    .sort();
}

async function heartbeats(): Promise<Record<string, [string, number]>> {
  const rows = await cluster.tables.members.list();
  return Object.fromEntries(rows.map((row) => [row.name, [row.role, row.heartbeat.getTime()]]));
}

describe('a round', () => {
  it('gives every member all the others’ trust, its role and a heartbeat', async () => {
    expect(await cluster.round(VOTERS)).toBe('done');

    for (const name of NAMES) expect(namesTrustedBy(name)).toEqual(NAMES);
    expect(await heartbeats()).toEqual({
      m1: ['voter', cluster.time],
      m2: ['voter', cluster.time],
      m3: ['voter', cluster.time],
    });
  });

  it('keeps the old heartbeat of a member that does not answer, and says so', async () => {
    await cluster.round(VOTERS);
    const first = cluster.time;
    cluster.member('m3').up = false;
    cluster.time += 10_000;

    await cluster.round({ ...VOTERS, m3: 'spare' });

    expect(await heartbeats()).toEqual({
      m1: ['voter', cluster.time],
      m2: ['voter', cluster.time],
      m3: ['spare', first],
    });
    expect(cluster.warnings).toEqual([
      expect.objectContaining({ event: 'heartbeat-failed', member: 'm3' }),
    ]);
  });

  it('leaves the heartbeat alone that a joiner writes while it cannot answer yet', async () => {
    const completed = new Date(cluster.time + 1);
    const joiner = (await cluster.tables.members.byName('m3'))?.id ?? 0;
    cluster.join('m1', cluster.member('m1').trusted, {
      send: async () => {
        await cluster.tables.members.recordRound([
          { id: joiner, role: 'spare', heartbeat: completed },
        ]);
        throw new Error('Database is still starting');
      },
    });

    await cluster.round(VOTERS);

    expect((await heartbeats())['m3']).toEqual(['voter', completed.getTime()]);
  });

  it('is not repeated before the interval is over', async () => {
    await cluster.round(VOTERS);
    cluster.time += 5_000;

    expect(await cluster.round(VOTERS)).toBe('too-early');
  });

  it('is refused on a member that does not lead, and changes nothing', async () => {
    const before = await heartbeats();
    const trigger = {
      leaderAddress: addressOf('m1'),
      roles: new Map([[addressOf('m1'), 'voter']]),
    };

    await expect(
      cluster.member('m2').service.beginRound(trigger, timeLimit(60_000)),
    ).rejects.toMatchObject({
      message: 'Attempt to initiate heartbeat from non-leader',
      status: 500,
    });
    expect(await heartbeats()).toEqual(before);
  });

  it('runs once at a time', async () => {
    expect(await Promise.all([cluster.round(VOTERS), cluster.round(VOTERS)])).toEqual([
      'done',
      'running',
    ]);
  });

  it('tells all who are behind of a newer schema, the leader too', async () => {
    await cluster.round(VOTERS);
    expect(NAMES.map((name) => cluster.member(name).newer)).toEqual([[], [], []]);

    const versions = { internal: 6, external: 1 };
    await cluster.tables.members.updateRelease('m3', versions, []);
    cluster.time += 10_000;
    await cluster.round(VOTERS);
    expect(NAMES.map((name) => cluster.member(name).newer)).toEqual([[versions], [versions], []]);
  });

  it('is not needed to tell a member of a newer schema whose leader waits for the upgrade', async () => {
    await cluster.round(VOTERS);
    const versions = { internal: 6, external: 1 };
    await cluster.tables.members.updateRelease('m1', versions, []);
    const { service, newer } = cluster.member('m2');

    await service.missHeartbeats();
    expect(newer).toEqual([]);
    cluster.elapsedMs += 30_000;
    await service.missHeartbeats();
    await cluster.member('m1').service.missHeartbeats();

    expect(newer).toEqual([versions]);
    expect(cluster.member('m1').newer).toEqual([]);
  });

  it('settles and purges tokens', async () => {
    const { tokens } = cluster.tables;
    const now = new Date(cluster.time);
    await tokens.issue({ name: 'old', secret: '1', expiresAt: new Date(cluster.time + 1) }, now);
    await tokens.issue({ name: 'm3', secret: '2', expiresAt: undefined }, now);
    await tokens.reserve('2', 'cert-m3', now);
    cluster.time += 1_000;

    await cluster.round(VOTERS);

    expect(await session.query('SELECT name FROM core_token_records')).toEqual([]);
    expect(await session.query('SELECT name FROM core_token_reservations')).toEqual([]);
  });

  it('tells the hook every role before and after', async () => {
    const seen: unknown[] = [];
    cluster.join('m1', cluster.member('m1').trusted, {
      onRound: async (roles) => {
        seen.push(Object.fromEntries(roles));
      },
    });

    await cluster.round({ m1: 'voter', m2: 'spare' });

    expect(seen).toEqual([
      { m1: { old: 'PENDING', new: 'voter' }, m2: { old: 'PENDING', new: 'spare' } },
    ]);
  });

  it('waits for a hook that hangs no longer than two intervals, and says which', async () => {
    const signals: AbortSignal[] = [];
    cluster.join('m1', cluster.member('m1').trusted, {
      intervalMs: 50,
      onRound: (_roles, signal) => {
        signals.push(signal);
        return NEVER;
      },
    });

    expect(await cluster.round(VOTERS)).toBe('done');
    cluster.time += 10_000;
    expect(await cluster.round(VOTERS)).toBe('done');

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    const abandoned = {
      event: 'hook-abandoned',
      error: expect.objectContaining({
        code: 'HOOK_TIMEOUT',
        message: 'The hook "heartbeat" has not ended within 100 ms and is no longer waited for',
      }),
    };
    expect(cluster.warnings).toEqual([abandoned, abandoned]);
  });

  it('fails with the hook', async () => {
    cluster.join('m1', cluster.member('m1').trusted, {
      onRound: () => Promise.reject(new Error('not today')),
    });

    await expect(cluster.round(VOTERS)).rejects.toThrow('not today');
    expect(cluster.warnings).toEqual([]);
  });

  it('does not lose a joiner that is admitted while it replaces the trust store', async () => {
    const leader = cluster.member('m1');
    let admitted = false;
    cluster.join('m1', leader.trusted, {
      trust: {
        list: () => cluster.member('m1').trusted,
        replace: async (members) => {
          if (!admitted) {
            admitted = true;
            await cluster.admit('m4');
          }
          cluster.member('m1').trusted = members;
        },
      },
    });
    cluster.member('m1').trusted = [trustOf('m1')];

    await cluster.round(VOTERS);

    expect(admitted).toBe(true);
    expect(namesTrustedBy('m1')).toEqual(['m1', 'm2', 'm3', 'm4']);
  });

  it('does not wait for a silent member longer than it may', async () => {
    cluster.join('m1', cluster.member('m1').trusted, {
      sendTimeoutMs: 20,
      send: (_address, _info, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });

    expect(await cluster.round(VOTERS)).toBe('done');
    expect((await heartbeats())['m2']?.[0]).toBe('voter');
  });

  it('ends when the service closes, and none begins after that', async () => {
    let started: () => void;
    const sending = new Promise<void>((resolve) => {
      started = resolve;
    });
    cluster.join('m1', cluster.member('m1').trusted, {
      send: (_address, _info, signal) => {
        started();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
    });
    const round = cluster.round(VOTERS).catch((error: unknown) => error);
    await sending;

    await cluster.member('m1').service.close();

    expect(await round).toMatchObject({ name: 'AbortError' });
    await expect(cluster.round(VOTERS)).rejects.toMatchObject({ name: 'AbortError' });
    expect((await heartbeats())['m1']?.[0]).toBe('PENDING');
  });

  it('ends when the service closes, although its hook hangs and looks at no signal', async () => {
    let started = (): void => undefined;
    const hooked = new Promise<void>((resolve) => {
      started = resolve;
    });
    cluster.join('m1', cluster.member('m1').trusted, {
      onRound: () => {
        started();
        return NEVER;
      },
    });
    const round = cluster.round(VOTERS).catch((error: unknown) => error);
    await hooked;

    await cluster.member('m1').service.close();

    expect(await round).toMatchObject({ name: 'AbortError' });
    expect(cluster.warnings).toEqual([]);
  });
});

const DAY_MS = 24 * 3_600_000;

describe.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])('when the clocks jump %s by a day', (_direction, jump) => {
  it('the leader goes on with its rounds, each at its time', async () => {
    await cluster.round(VOTERS);
    cluster.time += jump;

    expect(await cluster.round(VOTERS)).toBe('done');
    expect((await heartbeats())['m3']).toEqual(['voter', cluster.time]);
    expect(await cluster.round(VOTERS)).toBe('too-early');
    cluster.time += 10_000;
    expect(await cluster.round(VOTERS)).toBe('done');
  });

  it('a member takes trust from the table after three intervals without a heartbeat, not sooner and not later', async () => {
    await cluster.round(VOTERS);
    await cluster.admit('m4');
    const { service } = cluster.member('m2');
    cluster.time += jump;
    cluster.elapsedMs += 29_999;

    await service.missHeartbeats();
    expect(namesTrustedBy('m2')).toEqual(NAMES);
    expect(service.heartbeatAgeMs).toBe(29_999);
    cluster.elapsedMs += 1;
    await service.missHeartbeats();
    expect(namesTrustedBy('m2')).toEqual([...NAMES, 'm4']);
  });
});

describe('the endpoint', () => {
  const begin = {
    begin_round: true,
    max_schema_internal: 0,
    max_schema_external: 0,
    cluster_members: {},
    leader_address: addressOf('m1'),
    dqlite_roles: { [addressOf('m1')]: 'voter' },
  };
  const signal = () => timeLimit(60_000);

  it('begins a round through the control socket', async () => {
    await cluster.member('m1').service.handle(begin, { kind: 'local' }, signal());

    expect((await heartbeats())['m1']).toEqual(['voter', cluster.time]);
  });

  it.each([
    ['a stranger', { kind: 'stranger' } as const],
    ['a trusted member', { kind: 'member', name: 'm2' } as const],
  ])('lets %s begin no round', async (_who, sender) => {
    const trusted = cluster.member('m1').trusted;

    await expect(
      cluster.member('m1').service.handle(begin, sender, signal()),
    ).rejects.toMatchObject({
      status: 403,
    });
    expect(cluster.member('m1').trusted).toBe(trusted);
  });

  it.each([
    ['a stranger', { kind: 'stranger' } as const, 403],
    ['a trusted member that does not lead', { kind: 'member', name: 'm3' } as const, 403],
    ['the leader, but without any members', { kind: 'member', name: 'm1' } as const, 400],
  ])('keeps the trust store when %s sends a heartbeat', async (_who, sender, status) => {
    const trusted = cluster.member('m2').trusted;

    await expect(
      cluster.member('m2').service.handle({ ...begin, begin_round: false }, sender, signal()),
    ).rejects.toMatchObject({ status });
    expect(cluster.member('m2').trusted).toBe(trusted);
  });
});

it('keeps every member trusting exactly the table after any history, one round later', async () => {
  const names = ['m1', 'm2', 'm3', 'm4', 'm5'];
  const event = fc.oneof(
    fc.record({
      kind: fc.constantFrom('admit', 'remove', 'down', 'up', 'lead'),
      name: fc.constantFrom(...names),
    }),
    fc.record({ kind: fc.constant('round'), name: fc.constant('') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (history) => {
      const own = await openFixtureSession();
      try {
        const virtual = await VirtualCluster.create(own, ['m1']);
        for (const step of history) await apply(virtual, step.kind, step.name);
        for (const member of virtual.members.values()) member.up = true;
        await apply(virtual, 'round', '');
        await apply(virtual, 'round', '');
        const table = (await virtual.tables.members.list()).map((row) => row.name);
        for (const name of table) {
          const trusted = virtual.member(name).trusted.map((member) => member.name);
          expect(trusted.sort(), `trust of ${name}`).toEqual(table);
        }
      } finally {
        await own.close();
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

async function apply(virtual: VirtualCluster, kind: string, name: string): Promise<void> {
  const table = (await virtual.tables.members.list()).map((row) => row.name);
  const roles = Object.fromEntries(table.map((member) => [member, 'voter']));
  if (kind === 'round') {
    virtual.time += 10_000;
    const outcome = await virtual.round(roles);
    const lost = [...virtual.members.values()].filter(
      (member) =>
        table.includes(member.name) && !member.trusted.some((entry) => entry.name === member.name),
    );
    if (outcome !== 'done' || lost.length > 0) {
      throw new Error(`the round was ${outcome}; ${lost.length} members do not trust themselves`);
    }
  } else if (kind === 'admit' && !table.includes(name)) {
    await virtual.admit(name);
  } else if (kind === 'remove' && table.includes(name) && name !== virtual.leader) {
    await virtual.tables.members.remove(name);
    virtual.members.delete(name);
  } else if (kind === 'lead' && table.includes(name)) {
    // A member that leads knows the table at least since it was last told; the others must know it too.
    virtual.leader = name;
    virtual.member(name).up = true;
  } else if (
    (kind === 'down' || kind === 'up') &&
    table.includes(name) &&
    name !== virtual.leader
  ) {
    virtual.member(name).up = kind === 'up';
  }
}
