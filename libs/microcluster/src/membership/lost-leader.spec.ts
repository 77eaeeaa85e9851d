/** The transactions of a join, on a database that loses its leader at any of their statements, the commit included. */
import { X509Certificate } from 'node:crypto';
import { DqliteDataSource, SqliteEngine } from '@microcluster/dqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { applySchemaUpdates, INTERNAL_VERSION, sessionsOf } from '../database/index.js';
import { LosingEngine } from '../database/losing-engine.fixture.js';
import { Failpoints } from '../failpoints/index.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { zeroTime, type ClusterMember } from '../types/index.js';
import { admitMember } from './admit.js';
import { ClusterRecords } from './cluster-records.js';

const SECRET = 'secret';
const VERSIONS = { internal: INTERNAL_VERSION, external: 0 };
const never = new AbortController().signal;
const leader = await generateKeyPair({ commonName: 'c1' });
const joiner = await generateKeyPair({ commonName: 'c2' });

let engine: LosingEngine;
let dataSource: DqliteDataSource;
let records: ClusterRecords;

beforeEach(open);
afterEach(() => dataSource.destroy());

/** A cluster of nobody that has issued a token for the joiner. */
async function open(): Promise<void> {
  engine = new LosingEngine(new SqliteEngine({ file: ':memory:' }));
  dataSource = new DqliteDataSource({ engine, entities: [] });
  await dataSource.initialize();
  await sessionsOf(dataSource)((session) =>
    applySchemaUpdates(session, { extensions: [], external: [], now: new Date() }),
  );
  records = new ClusterRecords(
    dataSource,
    () => ({ open: true, transactions: true, text: 'Database is online' }),
    60_000,
  );
  await records.write(({ tokens }) =>
    tokens.issue({ name: 'c2', secret: SECRET, expiresAt: undefined }, new Date()),
  );
}

function admission(): Promise<unknown> {
  const request: ClusterMember = {
    name: 'c2',
    address: '127.0.0.1:2',
    // As the leader reads it from the request.
    certificate: new X509Certificate(joiner.certificate).toString(),
    role: '',
    schema_internal_version: VERSIONS.internal,
    schema_external_version: VERSIONS.external,
    last_heartbeat: zeroTime(),
    status: '',
    extensions: [],
    secret: SECRET,
  };
  const parts = {
    additionalKeyPairs: () => Promise.resolve(new Map()),
    identity: new MemberIdentity({
      name: 'c1',
      address: '127.0.0.1:1',
      server: leader,
      cluster: leader,
    }),
    trust: { byAddress: () => undefined, list: () => [], replace: () => Promise.resolve() },
    schema: { versions: VERSIONS, extensions: [] },
    records,
    consistency: { require: () => Promise.resolve() },
    failpoints: new Failpoints(),
  };
  return admitMember(parts, request, never);
}

function completion(certificate = joiner.certificate): Promise<void> {
  return records.completeJoin(certificate, { versions: VERSIONS, extensions: [] });
}

async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const before = engine.sent;
  await work();
  return engine.sent - before;
}

/** Does it again in new clusters, with the leader lost at each of its statements in turn. */
async function losingLeaders(
  prepare: () => Promise<unknown>,
  work: () => Promise<unknown>,
  check: (at: number) => Promise<void>,
): Promise<void> {
  await prepare();
  const statements = await statementsOf(work);
  expect(statements).toBeGreaterThan(4);
  for (let at = 1; at <= statements; at += 1) {
    await dataSource.destroy();
    await open();
    await prepare();
    engine.losesAt = engine.sent + at;
    await work();
    engine.losesAt = Infinity;
    await check(at);
  }
}

const rolesOf = async () =>
  (await records.read(({ members }) => members.list())).map(({ name, role }) => [name, role]);
const reservations = (): Promise<unknown[]> =>
  dataSource.query('SELECT name FROM core_token_reservations');

it('an admission succeeds, and reserves the token once', async () => {
  await losingLeaders(
    () => Promise.resolve(),
    admission,
    async (at) => {
      expect([at, await rolesOf()]).toEqual([at, [['c2', 'PENDING']]]);
      expect([at, await reservations()]).toEqual([at, [{ name: 'c2' }]]);
    },
  );
});

it('the last step of a join succeeds, and spends the token', async () => {
  await losingLeaders(admission, completion, async (at) => {
    expect([at, await reservations()]).toEqual([at, []]);
  });
});

it.each([
  ['without its last newline', joiner.certificate.trimEnd()],
  ['with line ends of another system', joiner.certificate.replaceAll('\n', '\r\n')],
  ['with the certificate of its issuer', joiner.certificate + leader.certificate],
  ['with text before it', `subject=CN = c2\n${joiner.certificate}`],
])('a join succeeds with a certificate of an operator %s', async (_, certificate) => {
  await admission();
  await completion(certificate);
  expect(await reservations()).toEqual([]);
});
