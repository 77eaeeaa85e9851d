/** The gate of a start, on a database that loses its leader at any of the statements. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DqliteDataSource, SqliteEngine } from '@microcluster/dqlite';
import { ConsoleLogger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  executorOf,
  INTERNAL_VERSION,
  MembersTable,
  type SchemaUpdate,
} from '../database/index.js';
import { LosingEngine } from '../database/losing-engine.fixture.js';
import { parseDaemonArgs } from '../options/index.js';
import { SchemaGate } from './schema-gate.js';
import { UpgradeBell } from './upgrade-bell.js';

const NAME = 'n1';
let stateDir: string;
let engine: LosingEngine;
let dataSource: DqliteDataSource;

beforeEach(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), 'schema-gate-'));
  await open();
});
afterEach(async () => {
  await dataSource.destroy();
  await rm(stateDir, { recursive: true });
});

async function open(): Promise<void> {
  engine = new LosingEngine(new SqliteEngine({ file: ':memory:' }));
  dataSource = new DqliteDataSource({ engine, entities: [] });
  await dataSource.initialize();
}

const firstUpdate: SchemaUpdate = async ({ execute }) => {
  await execute('CREATE TABLE notes (text TEXT)');
};
const secondUpdate: SchemaUpdate = async ({ execute }) => {
  await execute("INSERT INTO notes VALUES ('moved')");
};

/** The gate of a release with these updates. */
function gateOf(extensionsSchema: readonly SchemaUpdate[]): SchemaGate {
  const logger = new ConsoleLogger({ logLevels: ['fatal'] });
  const args = parseDaemonArgs({ stateDir, version: '1', extensionsSchema, logger }, {});
  const versions = { internal: INTERNAL_VERSION, external: extensionsSchema.length };
  return new SchemaGate(args, dataSource, versions, [], new UpgradeBell());
}

/** A database of the release with one update, with one member. */
async function prepare(): Promise<void> {
  await gateOf([firstUpdate]).apply();
  await dataSource.transaction((manager) =>
    new MembersTable(executorOf(manager)).insertPending({
      name: NAME,
      address: '127.0.0.1:1',
      certificate: 'certificate',
      schemaInternal: INTERNAL_VERSION,
      schemaExternal: 1,
      extensions: [],
    }),
  );
}

/** Lets the member pass with one update more, and returns how many statements that took. */
async function pass(): Promise<number> {
  const before = engine.sent;
  const never = new AbortController().signal;
  await gateOf([firstUpdate, secondUpdate]).pass(NAME, never, () => undefined);
  return engine.sent - before;
}

describe('a member that comes with a new release', () => {
  it('updates the schema once, whichever statement of its start loses the leader', async () => {
    await prepare();
    const statements = await pass();
    expect(statements).toBeGreaterThan(15);
    for (let at = 1; at <= statements; at += 1) {
      await dataSource.destroy();
      await open();
      await prepare();
      engine.losesAt = engine.sent + at;
      await pass();
      engine.losesAt = Infinity;
      const notes: unknown = await dataSource.query('SELECT text FROM notes');
      expect({ at, notes }).toEqual({ at, notes: [{ text: 'moved' }] });
      const versions: unknown = await dataSource.query(
        'SELECT schema_external FROM core_cluster_members',
      );
      expect({ at, versions }).toEqual({ at, versions: [{ schema_external: 2 }] });
    }
  });
});
