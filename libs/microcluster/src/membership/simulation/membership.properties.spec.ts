/** Drives the real services of several members through random histories of joins, removals, crashes and lost messages. */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair, type KeyPair } from '../../certificates/index.js';
import { openFixtureSession } from '../../database/sqlite-session.fixture.js';
import { NAMES, SimulatedCluster, type Event, type KeyPairs } from './cluster.fixture.js';
import type { Outcome } from './scheduler.fixture.js';

/** More than any history uses; after that, they are used again. */
const PAIRS = 12;
/** `MEMBERSHIP_RUNS` sets how many histories are tried. */
const numRuns = Number(process.env['MEMBERSHIP_RUNS'] ?? 30);

let keyPairs: KeyPairs;

beforeAll(async () => {
  const made = new Map<string, KeyPair[]>();
  for (const name of [...NAMES, 'cluster']) {
    const pairs = Array.from({ length: PAIRS }, () => generateKeyPair({ commonName: name }));
    made.set(name, await Promise.all(pairs));
  }
  keyPairs = made;
});

const who = fc.nat(NAMES.length - 1);
const outcome = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Outcome>('done') },
  { weight: 1, arbitrary: fc.constantFrom<Outcome>('failed', 'lost') },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({ kind: fc.constant('step' as const), pick: fc.nat(20), outcome }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      who,
      asked: who,
      force: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'start' as const), who }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('elect' as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
);
const history = fc.array(event, { maxLength: 80 });

/** The cluster after a history, once things are quiet. */
async function after(
  size: number,
  events: readonly Event[],
  examine: (cluster: SimulatedCluster) => Promise<void>,
): Promise<void> {
  const session = await openFixtureSession();
  try {
    const cluster = await SimulatedCluster.form(session, keyPairs, size);
    for (const happened of events) await cluster.apply(happened);
    await cluster.rest();
    await examine(cluster);
  } finally {
    await session.close();
  }
}

/** All three records name the same members, each of which knows itself, and enough of them vote. */
async function expectAgreement(cluster: SimulatedCluster): Promise<readonly string[]> {
  const { table, nodes, members, trusting, reserved, voters } = await cluster.records();
  expect({ nodes, members, trusting }).toEqual({
    nodes: table,
    members: table,
    trusting: Object.fromEntries(table.map((name) => [name, table])),
  });
  expect(reserved, 'tokens that nobody uses any more').toEqual([]);
  expect(voters).toBe(table.length < 3 ? 1 : 3);
  expect(cluster.unfinished, 'operations that never end').toBe(0);
  return table;
}

describe('membership, through random histories', { timeout: 120_000 }, () => {
  it('comes to agree in all three records, with as many voters as its size allows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), history, (size, events) =>
        after(size, events, async (cluster) => {
          expect(await expectAgreement(cluster)).not.toHaveLength(0);
        }),
      ),
      { numRuns },
    );
  });

  it('can be joined and left afterwards, whatever has happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 4 }), history, (size, events) =>
        after(size, events, async (cluster) => {
          const before = await expectAgreement(cluster);
          for (const who of NAMES.keys()) await cluster.apply({ kind: 'join', who });
          await cluster.rest();
          expect(await expectAgreement(cluster)).toEqual(NAMES);
          const asked = NAMES.findIndex((name) => before.includes(name));
          const leaving = (asked + 1) % NAMES.length;
          await cluster.apply({ kind: 'remove', who: leaving, asked, force: false });
          await cluster.rest();
          expect(await expectAgreement(cluster)).toEqual(
            NAMES.filter((_, index) => index !== leaving),
          );
        }),
      ),
      { numRuns: Math.ceil(numRuns / 3) },
    );
  });
});

describe('a history that once went wrong', () => {
  const step: Event = { kind: 'step', pick: 0, outcome: 'done' };

  it('the leader that is to go becomes leader again before its successor has acted', async () => {
    const handOver: Event[] = [
      { kind: 'remove', who: 0, asked: 0, force: false },
      step,
      step,
      { kind: 'elect', who: 0 },
      step,
      step,
    ];
    await after(3, handOver, async (cluster) => {
      expect(await expectAgreement(cluster)).toEqual(['m2', 'm3']);
    });
  });
});
