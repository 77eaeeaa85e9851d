/** Who asks to be admitted, and what it costs the members that it is not. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { applySchemaUpdates, MembersTable, TokensTable } from '../database/index.js';
import { openFixtureSession, type FixtureSession } from '../database/sqlite-session.fixture.js';
import { MicroclusterError } from '../errors/index.js';
import { Failpoints } from '../failpoints/index.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import type { ClusterMember } from '../types/index.js';
import { zeroTime } from '../types/time.js';
import { admit, type AdmissionParts } from './admission.js';
import type { Tables } from './cluster-records.js';
import { RemovalsTable } from './removal/removals-table.js';
import { Turnstile } from './turnstile.js';

const ADDRESS = '10.0.0.1:8443';
const SECRET = 'ab'.repeat(32);
const NOT_FOUND = { status: 404, message: 'CoreTokenRecord not found' };
const signal = new AbortController().signal;

let session: FixtureSession;
let tables: Tables;
let parts: AdmissionParts;
let looks: number;

beforeEach(async () => {
  session = await openFixtureSession();
  await applySchemaUpdates(session, { extensions: [], external: [] });
  tables = {
    members: new MembersTable(session),
    tokens: new TokensTable(session),
    removals: new RemovalsTable(session),
  };
  await tables.tokens.issue({ name: 'c2', secret: SECRET, expiresAt: undefined }, new Date());
  looks = 0;
  parts = {
    runtime: { opened: { leader: async () => ADDRESS } },
    peers: { with: () => Promise.reject(new Error('nobody else is asked')) },
    turnstile: new Turnstile(0),
    additionalKeyPairs: async () => new Map(),
    identity: new MemberIdentity({
      name: 'c1',
      address: ADDRESS,
      server: await generateKeyPair(),
      cluster: await generateKeyPair(),
    }),
    trust: { byAddress: () => undefined, list: () => [], replace: async () => undefined },
    schema: { versions: { internal: 6, external: 0 }, extensions: ['items'] },
    records: {
      read: (work) => work(tables),
      write: (work) => session.transaction(() => work(tables)),
    },
    consistency: {
      // The text of a failure names all members.
      require: async () => {
        looks += 1;
        throw new MicroclusterError('FAILED', { reason: 'c1, c2 and c3 disagree' });
      },
    },
    failpoints: new Failpoints(),
  };
});
afterEach(() => session.close());

async function joiner(more: Partial<ClusterMember> = {}): Promise<ClusterMember> {
  const { certificate } = await generateKeyPair({ commonName: 'c2' });
  return {
    name: 'c2',
    address: '10.0.0.2:8443',
    certificate,
    role: '',
    schema_internal_version: 6,
    schema_external_version: 0,
    last_heartbeat: zeroTime(),
    status: '',
    extensions: ['items'],
    secret: SECRET,
    ...more,
  };
}

describe('a stranger that asks to be admitted', () => {
  it.each(['', 'cd'.repeat(32), 'c2', "' OR 1=1 --"])(
    'costs the members nothing but a look for its secret: %j',
    async (secret) => {
      await expect(admit(parts, await joiner({ secret }), signal)).rejects.toMatchObject(NOT_FOUND);
      expect(looks).toBe(0);
    },
  );

  it('learns no versions and no members', async () => {
    const other = await joiner({ secret: 'cd'.repeat(32), schema_internal_version: 1 });
    await expect(admit(parts, other, signal)).rejects.toMatchObject(NOT_FOUND);
  });

  it('is answered while joiners wait for their turn, and lengthens no queue', async () => {
    let end: (() => void) | undefined;
    const busy = parts.turnstile.pass(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
      signal,
    );
    const stranger = await joiner({ secret: 'cd'.repeat(32) });
    await expect(admit(parts, stranger, signal)).rejects.toMatchObject(NOT_FOUND);
    end?.();
    await busy;
  });
});

describe('the holder of a token', () => {
  it('is told why it cannot be admitted now', async () => {
    await expect(admit(parts, await joiner(), signal)).rejects.toMatchObject({
      message: 'c1, c2 and c3 disagree',
    });
    expect(looks).toBe(1);
  });

  it('is admitted', async () => {
    parts = { ...parts, consistency: { require: async () => undefined } };
    const answer = await admit(parts, await joiner(), signal);
    expect(answer.trusted_member.name).toBe('c1');
    expect((await tables.members.list()).map(({ name }) => name)).toEqual(['c2']);
  });
});
