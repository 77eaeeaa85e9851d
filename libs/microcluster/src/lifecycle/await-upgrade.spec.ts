import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { awaitUpgrade, WAIT_LIMIT } from './await-upgrade.js';
import { VirtualCluster, type Chance } from './await-upgrade.fixture.js';
import { UpgradeBell } from './upgrade-bell.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const NAMES = ['c1', 'c2', 'c3', 'c4', 'c5'];
const prompt: Chance = { delay: () => 10, arrives: () => true };
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function upgrade(cluster: VirtualCluster, name: string, release: number): Promise<void> {
  cluster.crash(name);
  cluster.start(name, release);
  await pass(1_000);
}

describe('a cluster of three', () => {
  it('goes on with the new release as soon as its last member has it', async () => {
    const cluster = new VirtualCluster(['c1', 'c2', 'c3'], prompt);
    await upgrade(cluster, 'c1', 2);
    await upgrade(cluster, 'c2', 2);
    expect(cluster.members.map((name) => cluster.stateOf(name))).toEqual([
      'waiting',
      'waiting',
      'ready',
    ]);
    expect(cluster.schema).toBe(1);

    await upgrade(cluster, 'c3', 2);
    expect(cluster.members.map((name) => cluster.stateOf(name))).toEqual(Array(3).fill('ready'));
    expect(cluster.schema).toBe(2);
    expect(cluster.violations).toEqual([]);
  });

  it('goes on when the notice is lost, one look later', async () => {
    const cluster = new VirtualCluster(['c1', 'c2'], { ...prompt, arrives: () => false });
    await upgrade(cluster, 'c1', 2);
    await upgrade(cluster, 'c2', 2);
    expect(cluster.stateOf('c1')).toBe('waiting');
    await pass(WAIT_LIMIT);
    expect(cluster.stateOf('c1')).toBe('ready');
  });

  it('goes on when its last old member is lost and removed, although nobody is online', async () => {
    const cluster = new VirtualCluster(['c1', 'c2', 'c3'], prompt);
    await upgrade(cluster, 'c1', 2);
    await upgrade(cluster, 'c2', 2);
    cluster.crash('c3');
    expect(cluster.removeByForce('c2')).toBe(false);
    expect(cluster.removeByForce('c3')).toBe(true);
    await pass(1_000);
    expect(cluster.members.map((name) => cluster.stateOf(name))).toEqual(['ready', 'ready']);
  });

  it('refuses an old release without waiting for it ever after', async () => {
    const cluster = new VirtualCluster(['c1', 'c2', 'c3'], prompt);
    for (const name of cluster.members) await upgrade(cluster, name, 2);
    await upgrade(cluster, 'c3', 1);
    expect(cluster.stateOf('c3')).toBe('down');
    await upgrade(cluster, 'c2', 2);
    expect(cluster.stateOf('c2')).toBe('ready');
  });
});

describe('a member that is told to look while it looks', () => {
  it('looks again at once', async () => {
    const bell = new UpgradeBell();
    const blockers = [['c2'], []];
    const compare = async () => {
      const blockedBy = blockers.shift() ?? [];
      if (blockedBy.length > 0) bell.ring();
      return blockedBy;
    };
    const seen: unknown[] = [];
    const steps = { compare, update: () => Promise.resolve() };
    await awaitUpgrade(steps, bell, new AbortController().signal, (names) => seen.push(names));
    expect(seen).toEqual([['c2']]);
  });
});

describe('a joiner of the old release', () => {
  it('is waited for once its join is complete, before any round has given it a role', async () => {
    const cluster = new VirtualCluster(['c1', 'c2'], prompt);
    cluster.join('c3', 1);
    await pass(1_000);
    await upgrade(cluster, 'c1', 2);
    await upgrade(cluster, 'c2', 2);
    expect(cluster.members.map((name) => cluster.stateOf(name))).toEqual([
      'waiting',
      'waiting',
      'ready',
    ]);
    expect(cluster.violations).toEqual([]);
  });

  it('holds up nobody while it is half-joined, and does not finish when it was overtaken', async () => {
    const cluster = new VirtualCluster(['c1', 'c2'], prompt);
    cluster.join('c3', 1);
    for (const name of ['c1', 'c2']) {
      cluster.crash(name);
      cluster.start(name, 2);
    }
    await pass(1_000);
    expect(cluster.members.map((name) => cluster.stateOf(name))).toEqual([
      'ready',
      'ready',
      'down',
    ]);
    expect(cluster.violations).toEqual([]);
  });
});

type Step =
  | { readonly kind: 'start' | 'join' | 'upgrade'; readonly name: string; readonly release: number }
  | { readonly kind: 'crash' | 'remove'; readonly name: string }
  | { readonly kind: 'pass'; readonly ms: number };

const name = fc.constantFrom(...NAMES);
const release = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('start' as const, 'join' as const), name, release }),
  fc.record({ kind: fc.constant('upgrade' as const), name, release: fc.constantFrom(2, 2, 2, 3) }),
  fc.record({ kind: fc.constantFrom('crash' as const, 'remove' as const), name }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
);

function apply(cluster: VirtualCluster, happened: Step): void | Promise<unknown> {
  switch (happened.kind) {
    case 'start':
      return cluster.start(happened.name, happened.release);
    case 'upgrade':
      return upgrade(cluster, happened.name, happened.release);
    case 'join':
      return cluster.join(happened.name, happened.release);
    case 'crash':
      return cluster.crash(happened.name);
    case 'remove':
      cluster.removeByForce(happened.name);
      return undefined;
    case 'pass':
      return pass(happened.ms);
  }
}

describe('any number of members with any releases, started, killed and removed in any order', () => {
  const history = fc.array(step, { maxLength: 40 });
  const delays = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 20 });
  const notices = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 });
  /** Which of the members are upgraded in the end; the others are lost. */
  const survivors = fc.subarray(NAMES, { minLength: 1 });

  it('never work on a schema that one of them does not know, and are never stuck', async () => {
    await fc.assert(
      fc.asyncProperty(history, delays, notices, survivors, async (steps, ms, arrive, kept) => {
        vi.clearAllTimers();
        const cluster = new VirtualCluster(['c1', 'c2', 'c3'], {
          delay: cycle(ms),
          arrives: cycle(arrive),
        });
        for (const happened of steps) await apply(cluster, happened);
        expect(cluster.violations).toEqual([]);
        await finish(cluster, kept);

        expect(cluster.violations).toEqual([]);
        const left = cluster.members.filter((one) => cluster.stateOf(one) !== 'down');
        expect(left.map((one) => [one, cluster.stateOf(one), cluster.releaseOf(one)])).toEqual(
          left.map((one) => [one, 'ready', 3]),
        );
        expect(left.length).toBeGreaterThan(0);
        expect(cluster.schema).toBe(3);
      }),
      { numRuns: 400 },
    );
  }, 60_000);
});

/** The operator's way out: upgrade whoever can be upgraded, and remove the others by force. */
async function finish(cluster: VirtualCluster, kept: readonly string[]): Promise<void> {
  const [first] = cluster.members;
  const upgraded = cluster.members.filter((one) => kept.includes(one) || one === first);
  const lost = cluster.members.filter((one) => !upgraded.includes(one));
  for (const one of lost) cluster.crash(one);
  for (const one of upgraded) {
    if (cluster.releaseOf(one) !== 3) cluster.crash(one);
    cluster.start(one, 3);
  }
  await pass(60_000);
  for (const one of lost) cluster.removeByForce(one);
  await pass(2 * WAIT_LIMIT + 60_000);
}

/** Hands out the values one after another, again and again. */
function cycle<T>(values: readonly T[]): () => T {
  let at = 0;
  return () => {
    const value = values[at % values.length];
    at += 1;
    if (value === undefined) throw new Error('there are no values');
    return value;
  };
}
