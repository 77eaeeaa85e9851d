/** Removals that fail at any of their steps, on the real tables and a cluster in memory, and are then repeated. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySchemaUpdates, MembersTable, TokensTable } from '../../database/index.js';
import { openFixtureSession, type FixtureSession } from '../../database/sqlite-session.fixture.js';
import { INTERNAL_EXTENSIONS } from '../../extensions/index.js';
import { Failpoints } from '../../failpoints/index.js';
import type { Tables } from '../cluster-records.js';
import { decideRemoval } from './decide-removal.js';
import type { RemovalEffects } from './removal-effects.js';
import { removeOtherMember } from './removal-steps.js';
import { RemovalsTable } from './removals-table.js';

const at = (host: number) => `10.0.0.${host}:8443`;
const EFFECTS = ['runPreRemove', 'removeNode', 'distrust', 'reset', 'runPostRemove'] as const;
type Effect = (typeof EFFECTS)[number];

let session: FixtureSession;
let tables: Tables;

beforeEach(async () => {
  session = await openFixtureSession();
  await applySchemaUpdates(session, { extensions: INTERNAL_EXTENSIONS, external: [] });
  tables = {
    members: new MembersTable(session),
    tokens: new TokensTable(session),
    removals: new RemovalsTable(session),
  };
  for (const host of [1, 2]) await admit(host);
  // The leader is past its first heartbeat; the other one has spent its token.
  const [leader] = await tables.members.list();
  if (leader === undefined) throw new Error('no leader');
  await tables.members.recordRound([{ id: leader.id, role: 'voter', heartbeat: new Date() }]);
});
afterEach(() => session.close());

async function admit(host: number): Promise<void> {
  await tables.members.insertPending({
    name: `c${host}`,
    address: at(host),
    certificate: `cert-${host}`,
    schemaInternal: 6,
    schemaExternal: 0,
    extensions: [],
  });
}

/** A cluster of `c1`, which leads, and `c2`, whose effects fail on demand. */
class FakeCluster implements RemovalEffects {
  readonly nodes = new Set([1n, 2n]);
  readonly trusted = new Set(['c1', 'c2']);
  isMember = true;
  readonly preRemoved: string[] = [];
  failing: Effect | undefined;

  /** Fails instead of doing its work, as a crash before it would. */
  private async effect<T>(name: Effect, work: () => T): Promise<T> {
    if (this.failing === name) throw new Error(`${name} failed`);
    return work();
  }

  async reach(): Promise<void> {
    if (!this.isMember) throw new Error('connection refused');
  }
  runPreRemove(): Promise<void> {
    return this.effect('runPreRemove', () => void this.preRemoved.push('c2'));
  }
  removeNode(id: bigint): Promise<void> {
    return this.effect('removeNode', () => void this.nodes.delete(id));
  }
  distrust(name: string): Promise<boolean> {
    return this.effect('distrust', () => this.trusted.delete(name));
  }
  reset(): Promise<void> {
    return this.effect('reset', () => {
      this.isMember = false;
    });
  }
  runPostRemove(): Promise<readonly string[]> {
    return this.effect('runPostRemove', () => []);
  }

  async remove(force: boolean) {
    const decision = decideRemoval({
      name: 'c2',
      address: undefined,
      self: at(1),
      rows: await tables.members.list(),
      trusted: [...this.trusted].map((name) => ({ name, address: at(Number(name.slice(1))) })),
      nodes: [...this.nodes].map((id) => ({ id, address: at(Number(id)) })),
      record: await tables.removals.byName('c2'),
    });
    if (decision.kind !== 'remove') return decision.kind;
    const records = {
      write: <T>(work: (given: Tables) => Promise<T>) => session.transaction(() => work(tables)),
    };
    const parts = { effects: this, records, failpoints: new Failpoints() };
    return removeOtherMember(parts, decision.target, force, new AbortController().signal);
  }

  async records() {
    return {
      rows: (await tables.members.list()).map((row) => row.name),
      nodes: [...this.nodes],
      trusted: [...this.trusted],
    };
  }
}

const gone = { rows: ['c1'], nodes: [1n], trusted: ['c1'] };

describe('a removal', () => {
  it('takes a member out of all records and resets it', async () => {
    const cluster = new FakeCluster();
    expect(await cluster.remove(false)).toEqual([]);
    expect(await cluster.records()).toEqual(gone);
    expect([cluster.isMember, cluster.preRemoved]).toEqual([false, ['c2']]);
    expect(await cluster.remove(false)).toBe('done');
  });

  it.each(EFFECTS)('that failed at %s completes when it is repeated', async (step) => {
    const cluster = new FakeCluster();
    cluster.failing = step;
    await expect(cluster.remove(false)).rejects.toThrow(`${step} failed`);
    cluster.failing = undefined;
    await cluster.remove(false);
    expect(await cluster.records()).toEqual(gone);
    expect([cluster.isMember, cluster.preRemoved]).toEqual([false, ['c2']]);
    expect(await cluster.remove(false)).toBe('done');
  });

  it.each(EFFECTS)('by force goes on when %s fails, and reports it', async (step) => {
    const cluster = new FakeCluster();
    cluster.failing = step;
    const skipped = await cluster.remove(true);
    expect(JSON.stringify(skipped)).toContain(`${step} failed`);
    expect((await cluster.records()).rows).toEqual(['c1']);
  });

  it('changes nothing when the pre-remove hook fails', async () => {
    const cluster = new FakeCluster();
    cluster.failing = 'runPreRemove';
    await expect(cluster.remove(false)).rejects.toThrow(
      'Failed to execute pre-remove hook on cluster member "c2": runPreRemove failed',
    );
    expect((await cluster.records()).rows).toEqual(['c1', 'c2']);
    expect(await tables.removals.byName('c2')).toBeUndefined();
  });

  it('by force does not wait for a member that cannot be reached', async () => {
    const cluster = new FakeCluster();
    cluster.isMember = false;
    cluster.failing = 'runPreRemove';
    const skipped = await cluster.remove(true);
    expect(skipped).toEqual([
      { step: 'reach', reason: 'connection refused' },
      { step: 'pre-remove hook', reason: 'the member cannot be reached' },
      { step: 'reset', reason: 'the member cannot be reached; it notices at its next start' },
    ]);
    expect(await cluster.records()).toEqual(gone);
  });

  describe('of c3, which has joined with a token,', () => {
    const token = { name: 'c3', secret: 'secret', expiresAt: undefined };

    beforeEach(async () => {
      await tables.tokens.issue(token, new Date());
      await tables.tokens.reserve('secret', 'cert-3', new Date());
      await admit(3);
    });

    async function removeThird(): Promise<void> {
      const target = { name: 'c3', address: at(3), nodeId: undefined, isRepeated: false };
      const records = {
        write: <T>(work: (given: Tables) => Promise<T>) => session.transaction(() => work(tables)),
      };
      const parts = { effects: new FakeCluster(), records, failpoints: new Failpoints() };
      await removeOtherMember(parts, target, true, new AbortController().signal);
    }

    it('gives the token back when it never finished', async () => {
      await removeThird();
      expect(await tables.tokens.list(new Date())).toEqual([token]);
    });

    it('does not when it died before it spent the token, but has had a heartbeat since', async () => {
      const joined = await tables.members.byName('c3');
      if (joined === undefined) throw new Error('no member');
      await tables.members.recordRound([{ id: joined.id, role: 'voter', heartbeat: new Date() }]);
      await removeThird();
      expect(await tables.tokens.list(new Date())).toEqual([]);
    });
  });
});
