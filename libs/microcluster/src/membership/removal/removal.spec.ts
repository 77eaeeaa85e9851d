/** Removals at the leader, on the real tables, while the application's hook hangs and looks at no signal. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../certificates/index.js';
import { applySchemaUpdates, MembersTable, TokensTable } from '../../database/index.js';
import { openFixtureSession, type FixtureSession } from '../../database/sqlite-session.fixture.js';
import { statusOf } from '../../errors/index.js';
import { Failpoints } from '../../failpoints/index.js';
import { MemberIdentity } from '../../lifecycle/member-identity.js';
import { UpgradeBell } from '../../lifecycle/upgrade-bell.js';
import type { Tables } from '../cluster-records.js';
import { Turnstile } from '../turnstile.js';
import { NetworkEffects } from './removal-effects.js';
import { Removal, type RemovalServiceParts } from './removal.js';
import { RemovalsTable } from './removals-table.js';
import { SelfRemovalLatch } from './self-removal-latch.js';

const LONG_MS = 60_000;
const HOSTS = [1, 2, 3];
const at = (host: number) => `10.0.0.${host}:8443`;
const never = new Promise<never>(() => undefined);

let session: FixtureSession;
let tables: Tables;
let identity: MemberIdentity;
/** Of the daemon that leads. */
let stop: AbortController;

beforeEach(async () => {
  session = await openFixtureSession();
  await applySchemaUpdates(session, { extensions: [], external: [] });
  tables = {
    members: new MembersTable(session),
    tokens: new TokensTable(session),
    removals: new RemovalsTable(session),
  };
  for (const host of HOSTS) await admit(host);
  const rows = await tables.members.list();
  await tables.members.recordRound(
    rows.map(({ id }) => ({ id, role: 'voter', heartbeat: new Date() })),
  );
  identity = new MemberIdentity({ name: 'c1', address: at(1), server: await generateKeyPair() });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort(new Error('the daemon stops'));
  await session.close();
});

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

/** The removals of `c1`, which leads, and whose hook never ends; every peer does as it is told. */
function removals(requestMs: number, onHook: (signal: AbortSignal) => void = () => undefined) {
  const nodes = HOSTS.map((host) => ({
    id: BigInt(host),
    address: at(host),
    role: 'voter' as const,
  }));
  const run = <T>(work: (given: Tables) => Promise<T>) => session.transaction(() => work(tables));
  const common = {
    args: {
      timeouts: {
        request: requestMs,
        statement: 1_000,
        ready: 1_000,
        probe: 1_000,
        handover: 1_000,
      },
    },
    identity,
    runtime: {
      opened: {
        leader: async () => at(1),
        members: async () => nodes,
        removeMember: async () => undefined,
        transferLeadership: async () => undefined,
      },
    },
    peers: {
      with: async () => never,
      ask: async () => [],
      others: () => [],
      tell: async () => undefined,
    },
    propagation: { forget: async () => true },
    hooks: {
      run: (
        _name: string,
        { signal }: { readonly signal: AbortSignal },
        ..._details: unknown[]
      ) => {
        onHook(signal);
        return never;
      },
    },
    isOpen: () => true,
  };
  const parts: RemovalServiceParts = {
    ...common,
    effects: Object.assign(new NetworkEffects(common), {
      reach: async () => undefined,
      runPreRemove: async () => undefined,
      reset: async () => undefined,
    }),
    failpoints: new Failpoints(),
    records: { read: run, write: run },
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
    daemon: {
      signal: stop.signal,
      databaseStatus: () => ({ open: true, transactions: true, text: 'Database is online' }),
    },
    trust: { list: () => [] },
    schema: { blockers: () => [] },
    bell: new UpgradeBell(),
    consistency: { require: async () => undefined },
    latch: new SelfRemovalLatch(),
    turnstile: new Turnstile(1),
  };
  const removal = new Removal(parts);
  return (name: string, { force = false, signal = new AbortController().signal } = {}) =>
    removal.remove({ name, address: undefined, force, signal, afterReply: () => undefined });
}

async function names(): Promise<readonly string[]> {
  return (await tables.members.list()).map(({ name }) => name);
}

describe('a removal whose hook hangs at the leader', () => {
  const failure =
    'Failed to execute post-remove hook on cluster member "c1": The hook "postRemove" has not ended within 50 ms and is no longer waited for';

  it('fails at the limit of a request, and lets the next one pass', async () => {
    const told: AbortSignal[] = [];
    const remove = removals(50, (signal) => told.push(signal));
    const [first, second] = await Promise.allSettled([remove('c2'), remove('c3')]);
    for (const outcome of [first, second]) {
      expect(outcome).toMatchObject({ reason: { status: 503, message: failure } });
    }
    expect(told.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(await names()).toEqual(['c1']);
  });

  it('is completed by force', async () => {
    const remove = removals(50);
    const skipped = await remove('c2', { force: true });
    expect(skipped).toEqual([{ step: 'post-remove hook', reason: failure }]);
    expect(await remove('c2')).toEqual([]);
  });

  it('ends when the daemon stops', async () => {
    const remove = removals(LONG_MS, () => stop.abort(new Error('the daemon stops')));
    await expect(remove('c2')).rejects.toThrow('the daemon stops');
  });
});

describe('a removal that waits for its turn', () => {
  it('ends with its request, while the one that has begun goes on', async () => {
    let hooked = (): void => undefined;
    const busy = new Promise<void>((resolve) => {
      hooked = resolve;
    });
    const remove = removals(LONG_MS, () => hooked());
    const begun = new AbortController();
    const first = remove('c2', { signal: begun.signal });
    const ended = first.then(
      () => 'ended',
      () => 'ended',
    );
    await busy;
    const waiting = new AbortController();
    const second = remove('c3', { signal: waiting.signal });
    const limit = new DOMException('The time limit has passed', 'TimeoutError');
    begun.abort(limit);
    waiting.abort(limit);

    const reason: unknown = await second.catch((error: unknown) => error);

    expect(reason).toBe(limit);
    expect(statusOf(reason)).toBe(503);
    expect(await Promise.race([ended, Promise.resolve('goes on')])).toBe('goes on');
    expect(await names()).toEqual(['c1', 'c3']);
    stop.abort(new Error('the daemon stops'));
    await expect(first).rejects.toThrow('the daemon stops');
  });
});
