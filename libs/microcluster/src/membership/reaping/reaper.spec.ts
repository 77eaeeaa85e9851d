/** A reaper on the real tables, whose suspects change while it looks at them. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKeyPair } from '../../certificates/index.js';
import { MicroclusterClientError } from '../../client/client-error.js';
import { applySchemaUpdates, MembersTable, TokensTable } from '../../database/index.js';
import { openFixtureSession, type FixtureSession } from '../../database/sqlite-session.fixture.js';
import { Failpoints } from '../../failpoints/index.js';
import { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { Tables } from '../cluster-records.js';
import { NetworkEffects } from '../removal/removal-effects.js';
import { RemovalsTable } from '../removal/removals-table.js';
import { Turnstile } from '../turnstile.js';
import { Reaper } from './reaper.js';

const at = (host: number) => `10.0.0.${host}:8443`;
const HOUR = 3_600_000;

let session: FixtureSession;
let tables: Tables;

beforeEach(async () => {
  session = await openFixtureSession();
  await applySchemaUpdates(session, { extensions: [], external: [] });
  tables = {
    members: new MembersTable(session),
    tokens: new TokensTable(session),
    removals: new RemovalsTable(session),
  };
  await admit(1, 'cert-1');
  await admit(2, 'cert-2');
});
afterEach(() => session.close());

async function admit(host: number, certificate: string): Promise<void> {
  await tables.members.insertPending({
    name: `c${host}`,
    address: at(host),
    certificate,
    schemaInternal: 6,
    schemaExternal: 0,
    extensions: [],
  });
}

/** Looks twice, with an hour between, while nobody answers; `meanwhile` happens when `c2` is asked. */
async function reap(meanwhile: () => Promise<void>): Promise<readonly string[]> {
  let now = 0;
  const turnstile = new Turnstile(1);
  const identity = new MemberIdentity({
    name: 'c1',
    address: at(1),
    server: await generateKeyPair(),
  });
  const unreachable = MicroclusterClientError.local('UNREACHABLE', 'nobody is there');
  const peers = {
    with: async () => {
      await meanwhile();
      throw unreachable;
    },
    ask: async () => [],
    others: () => [],
  };
  const nodes = [{ id: 1n, address: at(1), role: 'voter' as const }];
  const runtime = {
    opened: {
      leader: async () => at(1),
      members: async () => nodes,
      removeMember: async () => undefined,
      transferLeadership: async () => undefined,
    },
  };
  const timeouts = {
    request: 1_000,
    statement: 1_000,
    ready: 1_000,
    probe: 1_000,
    handover: 1_000,
  };
  const common = {
    args: { heartbeatIntervalMs: 1_000, timeouts },
    identity,
    runtime,
    peers,
    propagation: { forget: async () => true },
    hooks: { run: async () => undefined },
    isOpen: () => true,
  };
  const run = <T>(work: (given: Tables) => Promise<T>) => session.transaction(() => work(tables));
  const reaper = new Reaper({
    ...common,
    effects: new NetworkEffects(common),
    records: { read: run, write: run },
    failpoints: new Failpoints(),
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
    turnstile,
    now: () => now,
  });
  const { signal } = new AbortController();
  await reaper.look({ isLeader: true, leader: at(1), members: nodes }, signal);
  now += HOUR;
  await reaper.look({ isLeader: true, leader: at(1), members: nodes }, signal);
  return (await tables.members.list()).map(({ certificate }) => certificate);
}

it('takes out a joiner that died', async () => {
  expect(await reap(async () => undefined)).toEqual(['cert-1']);
});

it('leaves a joiner alone that has begun anew, under the same name, while it was being asked', async () => {
  const anew = async () => {
    await tables.members.remove('c2');
    await admit(2, 'cert-2-anew');
  };
  expect(await reap(anew)).toEqual(['cert-1', 'cert-2-anew']);
});
