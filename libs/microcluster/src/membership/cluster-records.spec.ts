/** How long the writes of a bootstrap and a join wait, on a database that somebody else keeps busy. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DqliteDataSource, SqliteEngine } from '@microcluster/dqlite';
import { ClusterRecords } from './cluster-records.js';

const ONLINE = { open: true, transactions: true, text: 'Database is online' };

let dataSource: DqliteDataSource;
let letGo: () => void;
let holding: Promise<void>;

beforeEach(async () => {
  dataSource = new DqliteDataSource({
    engine: new SqliteEngine({ file: ':memory:' }),
    entities: [],
  });
  await dataSource.initialize();
  await new Promise<void>((held) => {
    holding = dataSource.transaction(
      () =>
        new Promise<void>((resolve) => {
          letGo = resolve;
          held();
        }),
    );
  });
});
afterEach(async () => {
  letGo();
  await holding;
  await dataSource.destroy();
});

describe('the first row of a member', () => {
  it('is waited for as long as the database may take to be ready', async () => {
    const records = new ClusterRecords(dataSource, () => ONLINE, 40);
    await expect(records.bootstrap(async () => undefined)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/within \d{1,2} ms/),
    });
  });

  it('is written when a longer limit allows it', async () => {
    const records = new ClusterRecords(dataSource, () => ONLINE, 60_000);
    const written = records.bootstrap(async () => 'written');
    letGo();
    await expect(written).resolves.toBe('written');
  });
});
