/** Contract: `{ consistency: 'linearizable' }` works in every place where a statement can be given options. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BARRIER_DATABASE } from '../../client/read-barrier.js';
import type { DqliteDataSource } from '../orm/data-source.js';
import { ENGINES, TestDatabases } from './engines.fixture.js';

const LINEARIZABLE = { consistency: 'linearizable' } as const;

describe.each(ENGINES)('linearizable reads on $name', (engine) => {
  let databases: TestDatabases;
  let dataSource: DqliteDataSource;
  let barriers: DqliteDataSource | undefined;

  beforeAll(async () => {
    databases = await TestDatabases.start(engine);
    dataSource = await databases.open({});
    await dataSource.query('CREATE TABLE t (n INTEGER)');
    await dataSource.query('INSERT INTO t VALUES (1)');
    if (engine.name === 'dqlite') barriers = await databases.open({ database: BARRIER_DATABASE });
  });
  afterAll(() => databases.stop());

  /** How many barriers `work` passed; the embedded engine needs none. */
  async function passedBy(work: () => Promise<unknown>): Promise<number | undefined> {
    const before = await passed();
    await work();
    const after = await passed();
    return before === undefined || after === undefined ? undefined : after - before;
  }

  async function passed(): Promise<number | undefined> {
    if (!barriers) return undefined;
    await barriers.query(
      'CREATE TABLE IF NOT EXISTS barrier (id INTEGER PRIMARY KEY CHECK (id = 1), passed INTEGER NOT NULL)',
    );
    const [row] = await barriers.query<{ passed: number }[]>('SELECT passed FROM barrier');
    return row?.passed ?? 0;
  }

  const read = () => dataSource.query('SELECT n FROM t');

  it.each<[string, number, () => Promise<unknown>]>([
    ['a statement', 1, () => dataSource.withOptions(LINEARIZABLE, read)],
    [
      'a transaction',
      1,
      () =>
        dataSource.withOptions(LINEARIZABLE, () =>
          dataSource.transaction(async (manager) => {
            await manager.query('SELECT n FROM t');
            return manager.query('SELECT n FROM t');
          }),
        ),
    ],
    [
      'a transaction that only reads',
      1,
      () => dataSource.readTransaction((manager) => manager.query('SELECT n FROM t'), LINEARIZABLE),
    ],
    ['a statement without the option', 0, read],
  ])('%s', async (_, barriersPassed, work) => {
    let rows: unknown;
    const count = await passedBy(async () => {
      rows = await work();
    });

    expect(rows).toEqual([{ n: 1 }]);
    expect(count).toBe(barriers ? barriersPassed : undefined);
  });
});
