import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkVersions } from './check-versions.js';
import { INTERNAL_UPDATES, INTERNAL_VERSION } from './core-schema.js';
import { exchangeReleases, storedVersions } from './release-exchange.js';
import { applySchemaUpdates } from './schema-updates.js';
import { openFixtureSession, type FixtureSession } from './sqlite-session.fixture.js';

const VERSIONS = { internal: INTERNAL_VERSION, external: 1 };
const TARGET = { extensions: ['a', 'b'], external: [async (): Promise<void> => undefined] };

let session: FixtureSession;
beforeEach(async () => {
  session = await openFixtureSession();
});
afterEach(() => session.close());

/** What a member does at its start: it tells what it runs, and learns whether it may go on. */
async function start(name: string) {
  const members = await exchangeReleases(session, {
    name,
    versions: VERSIONS,
    extensions: TARGET.extensions,
  });
  return checkVersions(VERSIONS, members);
}

async function insertMembers(columns: string, values: string): Promise<void> {
  for (const name of ['a', 'b']) {
    await session.execute(
      `INSERT INTO internal_cluster_members (name, address, certificate, heartbeat, role, ${columns})
         VALUES (?, ?, ?, '0001-01-01 00:00:00+00:00', 'voter', ${values})`,
      [name, `10.0.0.${name}:1`, `cert-${name}`],
    );
  }
}

async function expectUpgrade(): Promise<void> {
  expect(await start('a')).toEqual({ kind: 'wait', blockedBy: ['b'] });
  expect(await start('a')).toEqual({ kind: 'wait', blockedBy: ['b'] });
  expect(await start('b')).toEqual({ kind: 'proceed' });
  expect(await start('a')).toEqual({ kind: 'proceed' });

  await applySchemaUpdates(session, TARGET);

  expect(await start('a')).toEqual({ kind: 'proceed' });
  expect(
    await session.query(
      'SELECT name, schema_internal, schema_external FROM core_cluster_members ORDER BY name',
    ),
  ).toEqual([
    { name: 'a', schema_internal: 6, schema_external: 1 },
    { name: 'b', schema_internal: 6, schema_external: 1 },
  ]);
}

describe.each([2, 3, 4, 5, 6])('a cluster at internal version %i', (version) => {
  it('waits for its last member, then goes on', async () => {
    for (const [index, update] of INTERNAL_UPDATES.slice(0, Math.min(version, 4)).entries()) {
      await update(session, TARGET);
      await session.execute('INSERT INTO schemas (version, type, updated_at) VALUES (?, 0, 0)', [
        index + 1,
      ]);
    }
    await insertMembers('schema_internal, schema_external', `${version}, 0`);
    for (const [index, update] of INTERNAL_UPDATES.slice(4, version).entries()) {
      await update(session, TARGET);
      await session.execute('INSERT INTO schemas (version, type, updated_at) VALUES (?, 0, 0)', [
        index + 5,
      ]);
    }

    expect(await storedVersions(session, 'a')).toEqual({ internal: version, external: 0 });
    await expectUpgrade();
    expect(await storedVersions(session, 'a')).toEqual(VERSIONS);
    expect(await storedVersions(session, 'nobody')).toBeUndefined();
    expect(await session.query('SELECT max(version) AS version FROM schemas')).toEqual([
      { version: 6 },
    ]);
  });
});

describe('a cluster from before update 2', () => {
  beforeEach(async () => {
    for (const sql of [
      'CREATE TABLE schemas (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version INTEGER NOT NULL, updated_at DATETIME NOT NULL, UNIQUE (version))',
      'INSERT INTO schemas (version, updated_at) VALUES (1, 0)',
      'CREATE TABLE internal_token_records (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, secret TEXT NOT NULL)',
      'CREATE TABLE internal_cluster_members (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, certificate TEXT NOT NULL, schema INTEGER NOT NULL, heartbeat DATETIME NOT NULL, role TEXT NOT NULL, UNIQUE (name), UNIQUE (certificate))',
    ]) {
      await session.execute(sql);
    }
    await insertMembers('schema', '1');
  });

  it('waits for its last member, then goes on', async () => {
    await expectUpgrade();
    expect(
      await session.query(`SELECT name FROM sqlite_master WHERE name LIKE 'internal_%'`),
    ).toEqual([]);
  });

  it('learns of joins and removals that old members make meanwhile', async () => {
    await start('a');
    await session.execute(`DELETE FROM internal_cluster_members WHERE name = 'b'`);
    await session.execute(
      `INSERT INTO internal_cluster_members (name, address, certificate, schema, heartbeat, role)
         VALUES ('c', '10.0.0.3:1', 'cert-c', 1, '0001-01-01 00:00:00+00:00', 'spare')`,
    );

    expect(await start('a')).toEqual({ kind: 'wait', blockedBy: ['c'] });
  });
});

it('fails the start of a member whose row is gone', async () => {
  await applySchemaUpdates(session, TARGET);

  await expect(start('a')).rejects.toThrow(/Updated 0 rows instead of 1/);
});
