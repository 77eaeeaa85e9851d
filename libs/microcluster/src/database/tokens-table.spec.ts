import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INTERNAL_EXTENSIONS } from '../extensions/index.js';
import { MembersTable, type NewMember } from './members-table.js';
import { applySchemaUpdates } from './schema-updates.js';
import { openFixtureSession, type FixtureSession } from './sqlite-session.fixture.js';
import { TokensTable, type StoredToken } from './tokens-table.js';

const NOW = new Date('2024-10-22T11:22:33.123Z');
const LATER = new Date('2024-10-22T12:22:33.123Z');
const NOT_FOUND = { status: 404, message: 'CoreTokenRecord not found' };

let session: FixtureSession;
let tokens: TokensTable;
let members: MembersTable;

beforeEach(async () => {
  session = await openFixtureSession();
  await applySchemaUpdates(session, { extensions: INTERNAL_EXTENSIONS, external: [] });
  tokens = new TokensTable(session);
  members = new MembersTable(session);
});
afterEach(() => session.close());

function token(name: string, options: Partial<StoredToken> = {}): StoredToken {
  return { name, secret: `secret-${name}`, expiresAt: undefined, ...options };
}

function joiner(name: string, certificate = `cert-${name}`): NewMember {
  const address = `10.0.0.${name.length}:8443`;
  return {
    name,
    address,
    certificate,
    schemaInternal: 6,
    schemaExternal: 0,
    extensions: ['x', 'y'],
  };
}

/** What the leader does with a joiner's request, in one transaction. */
async function admit(secret: string, member: NewMember, now = NOW) {
  return session.transaction(async () => {
    const reserved = await tokens.reserve(secret, member.certificate, now);
    await members.insertPending(member);
    return reserved;
  });
}

async function undo(member: NewMember): Promise<void> {
  await session.transaction(async () => {
    await members.remove(member.name);
    await tokens.release(member.certificate, NOW);
  });
}

async function becomeVoter(name: string): Promise<void> {
  const row = await members.byName(name);
  if (row === undefined) throw new Error(`no member ${name}`);
  await members.recordRound([{ id: row.id, role: 'voter', heartbeat: NOW }]);
}

describe('whether a token was issued', () => {
  it('is known before it is reserved, while it is, and no more once it is spent', async () => {
    await tokens.issue(token('a'), NOW);
    await expect(tokens.requireIssued('secret-a')).resolves.toBeUndefined();
    await admit('secret-a', joiner('a'));
    await expect(tokens.requireIssued('secret-a')).resolves.toBeUndefined();
    await tokens.confirm('cert-a');
    await expect(tokens.requireIssued('secret-a')).rejects.toMatchObject(NOT_FOUND);
    await expect(tokens.requireIssued('')).rejects.toMatchObject(NOT_FOUND);
  });
});

describe('issuing and listing', () => {
  it('lists tokens by secret and leaves expired ones out', async () => {
    await tokens.issue(token('a', { secret: '2' }), NOW);
    await tokens.issue(token('b', { secret: '1', expiresAt: LATER }), NOW);
    await tokens.issue(token('c', { secret: '3', expiresAt: NOW }), NOW);

    expect(await tokens.list(NOW)).toEqual([
      { name: 'b', secret: '1', expiresAt: LATER },
      { name: 'a', secret: '2', expiresAt: undefined },
    ]);
  });

  it('answers 409 for a second token of one name, but not once the first has expired', async () => {
    await tokens.issue(token('a', { expiresAt: LATER }), NOW);

    await expect(tokens.issue(token('a', { secret: 'other' }), NOW)).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('UNIQUE constraint failed: core_token_records.name'),
    });
    await tokens.issue(token('a', { secret: 'other' }), LATER);
    expect(await tokens.list(NOW)).toHaveLength(1);
  });

  it('purges by instant and not by text, and keeps tokens without a readable expiry', async () => {
    // 13:22 at +02:00 is 11:22 in UTC, so it is over although its text is greater than that of LATER.
    await session.execute(
      `INSERT INTO core_token_records (name, secret, expiry_date) VALUES
         ('over', '1', '2024-10-22 13:22:33.100000001+02:00'), ('valid', '2', '2024-10-22 11:22:33.2+00:00'),
         ('unix', '3', 1729596152), ('never', '4', NULL)`,
    );

    await tokens.purgeExpired(NOW);

    const left = await session.query('SELECT name FROM core_token_records ORDER BY name');
    expect(left.map((row) => row['name'])).toEqual(['never', 'valid']);
  });

  it('revokes by name and answers 404 for an unknown one', async () => {
    await tokens.issue(token('a'), NOW);
    await tokens.revoke('a');

    await expect(tokens.revoke('a')).rejects.toMatchObject(NOT_FOUND);
  });
});

describe('a token for any name', () => {
  const anyName = (secret: string) =>
    session.query('SELECT secret FROM core_any_name_tokens WHERE secret = ?', [secret]);

  it('says so in the list and when it is used, also after it has come back', async () => {
    await tokens.issue(token('a', { anyName: true }), NOW);
    await tokens.issue(token('b'), NOW);
    expect((await tokens.list(NOW)).map((one) => one.anyName)).toEqual([true, undefined]);
    expect(await admit('secret-a', joiner('z'))).toEqual({
      name: 'a',
      again: false,
      anyName: true,
    });
    await undo(joiner('z'));
    expect(await admit('secret-a', joiner('y'))).toMatchObject({ anyName: true });
    expect(await admit('secret-b', joiner('bb'))).toMatchObject({ anyName: false });
  });

  it('is forgotten with the next token that is made, when it is gone, but not while it is in use', async () => {
    await tokens.issue(token('a', { anyName: true }), NOW);
    await tokens.issue(token('b', { anyName: true }), NOW);
    await tokens.revoke('a');
    await admit('secret-b', joiner('z'));
    await tokens.issue(token('c'), NOW);
    expect(await anyName('secret-a')).toEqual([]);
    expect(await anyName('secret-b')).toHaveLength(1);
  });
});

describe('using a token', () => {
  beforeEach(() => tokens.issue(token('a'), NOW));

  it('tells the name it was issued for, and takes it out of the specified table', async () => {
    expect(await admit('secret-a', joiner('a'))).toEqual({
      name: 'a',
      again: false,
      anyName: false,
    });

    expect(await tokens.list(NOW)).toEqual([]);
    expect(await session.query('SELECT * FROM core_token_records')).toEqual([]);
  });

  it('answers 404 for a secret that was never issued', async () => {
    await expect(admit('secret-b', joiner('a'))).rejects.toMatchObject(NOT_FOUND);
  });

  it('answers 403 for an expired token and keeps the table as it is', async () => {
    await tokens.issue(token('b', { expiresAt: LATER }), NOW);

    await expect(admit('secret-b', joiner('bb'), LATER)).rejects.toMatchObject({
      status: 403,
      message: 'Token expired',
    });
    expect(await members.list()).toEqual([]);
  });

  it('lets the same certificate ask again while its join is under way', async () => {
    await admit('secret-a', joiner('a'));

    expect(await admit('secret-a', joiner('a'))).toEqual({
      name: 'a',
      again: true,
      anyName: false,
    });
    expect(await members.list()).toHaveLength(1);
  });

  it('answers 409 to another certificate while a join is under way', async () => {
    await admit('secret-a', joiner('a'));

    await expect(admit('secret-a', joiner('other'))).rejects.toMatchObject({ status: 409 });
    expect((await members.list()).map((row) => row.name)).toEqual(['a']);
  });

  it('is spent for everybody once its joiner has a role', async () => {
    await admit('secret-a', joiner('a'));
    await becomeVoter('a');

    await expect(admit('secret-a', joiner('other'))).rejects.toMatchObject(NOT_FOUND);
    await expect(admit('secret-a', joiner('a'))).rejects.toMatchObject(NOT_FOUND);
  });

  it('comes back when the join is undone, for any certificate', async () => {
    await admit('secret-a', joiner('a'));
    await undo(joiner('a'));

    expect(await tokens.list(NOW)).toHaveLength(1);
    expect(await admit('secret-a', joiner('a', 'new-cert'))).toEqual({
      name: 'a',
      again: false,
      anyName: false,
    });
    await becomeVoter('a');
    await tokens.confirm('new-cert');
    await expect(admit('secret-a', joiner('other'))).rejects.toMatchObject(NOT_FOUND);
  });

  it('refuses to release a token whose joiner is still in the table', async () => {
    await admit('secret-a', joiner('a'));

    await expect(tokens.release('cert-a', NOW)).rejects.toThrow(/remove that row first/);
  });

  it('goes to the next joiner when a member of another make removed the first one’s row', async () => {
    await admit('secret-a', joiner('a'));
    await members.remove('a');

    expect(await admit('secret-a', joiner('a', 'new-cert'))).toEqual({
      name: 'a',
      again: false,
      anyName: false,
    });
    await expect(admit('secret-a', joiner('other'))).rejects.toMatchObject({ status: 409 });
  });

  it('does not come back when it has expired meanwhile, was revoked, or has a successor', async () => {
    await tokens.issue(token('bb', { expiresAt: LATER }), NOW);
    await tokens.issue(token('ccc'), NOW);
    await admit('secret-a', joiner('a'));
    await admit('secret-bb', joiner('bb'));
    await admit('secret-ccc', joiner('ccc'));
    await tokens.revoke('a');
    await tokens.issue(token('ccc', { secret: 'successor' }), NOW);
    for (const name of ['a', 'bb', 'ccc']) {
      await members.remove(name);
      await tokens.release(`cert-${name}`, LATER);
    }

    expect((await tokens.list(NOW)).map((entry) => entry.secret)).toEqual(['successor']);
  });
});

describe('settling', () => {
  it('spends what has succeeded, gives back what has failed, and leaves the rest', async () => {
    for (const name of ['a', 'bb', 'ccc']) {
      await tokens.issue(token(name), NOW);
      await admit(`secret-${name}`, joiner(name));
    }
    await becomeVoter('a');
    await members.remove('bb');

    await tokens.settle(NOW);

    expect((await tokens.list(NOW)).map((entry) => entry.name)).toEqual(['bb']);
    const reserved = await session.query('SELECT name FROM core_token_reservations');
    expect(reserved).toEqual([{ name: 'ccc' }]);
  });

  it('does nothing in a database that never saw a reservation', async () => {
    await tokens.settle(NOW);

    const tables = await session.query(
      `SELECT name FROM sqlite_master WHERE name LIKE '%reservation%'`,
    );
    expect(tables).toEqual([]);
  });
});
