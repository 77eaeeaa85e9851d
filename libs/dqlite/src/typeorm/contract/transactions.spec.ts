/** Contract: transactions that run side by side stay apart, and end as they should. */
import { setImmediate as turn } from 'node:timers/promises';
import { QueryFailedError } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DqliteDataSource } from '../orm/data-source.js';
import { ENGINES, TestDatabases } from './engines.fixture.js';
import { Audited, Author, Book, Item, Tag } from './entities.fixture.js';

describe.each(ENGINES)('transactions on $name', (engine) => {
  let databases: TestDatabases;
  let dataSource: DqliteDataSource;

  beforeAll(async () => {
    databases = await TestDatabases.start(engine);
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    dataSource = await databases.open({
      entities: [Author, Book, Tag, Item, Audited],
      poolSize: 4,
    });
  });

  it('keeps twenty parallel ones apart, half of them rolled back', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        dataSource.transaction(async (manager) => {
          const count = await manager.count(Item);
          await manager.save(Item, { name: `n${i}`, amount: count });
          await turn();
          await manager.save(Item, { name: `m${i}`, amount: count });
          if (i % 2 === 1) throw new Error('roll back');
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const items = await dataSource.getRepository(Item).find({ order: { id: 'ASC' } });
    // Every transaction saw the work of all that committed before it, and of nobody else.
    expect(items.map(({ amount }) => amount)).toEqual(
      Array.from({ length: 20 }, (_, i) => i - (i % 2)),
    );
    expect(new Set(items.map(({ name }) => name)).size).toBe(20);
  });

  it('hides what is not committed from others', async () => {
    const items = dataSource.getRepository(Item);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Item, { name: 'hidden' });
    expect(await items.count()).toBe(0);
    await runner.commitTransaction();
    await runner.release();
    expect(await items.count()).toBe(1);
  });

  it('gives a reading transaction one snapshot, and refuses writes in it', async () => {
    const items = dataSource.getRepository(Item);
    await items.insert({ name: 'a' });
    await dataSource.readTransaction(async (manager) => {
      expect(await manager.count(Item)).toBe(1);
      await items.insert({ name: 'b' });
      expect(await manager.count(Item)).toBe(1);
      await expect(manager.insert(Item, { name: 'c' })).rejects.toMatchObject({
        driverError: { code: 'STATEMENT_REFUSED' },
      });
    });
    expect(await items.count()).toBe(2);
  });

  it('nests by savepoints', async () => {
    await dataSource.transaction(async (outer) => {
      await outer.insert(Item, { name: 'outer' });
      await expect(
        outer.transaction(async (inner) => {
          await inner.insert(Item, { name: 'inner' });
          throw new Error('inner fails');
        }),
      ).rejects.toThrow('inner fails');
      await outer.transaction(async (inner) => {
        await inner.insert(Item, { name: 'second' });
        await inner.transaction((third) => third.insert(Item, { name: 'third' }));
      });
    });
    const items = await dataSource.getRepository(Item).find({ order: { name: 'ASC' } });
    expect(items.map(({ name }) => name)).toEqual(['outer', 'second', 'third']);
  });

  it('stays usable after a failed statement, and commits the rest', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.insert(Item, { name: 'a' });
      await expect(manager.insert(Item, { name: 'a' })).rejects.toBeInstanceOf(QueryFailedError);
      await manager.insert(Item, { name: 'b' });
    });
    expect(await dataSource.getRepository(Item).count()).toBe(2);
  });

  it('commits nothing after the database has ended the transaction', async () => {
    await expect(
      dataSource.transaction(async (manager) => {
        await manager.insert(Item, { name: 'a' });
        const ending = manager.query("INSERT OR ROLLBACK INTO item (name) VALUES ('a')");
        await expect(ending).rejects.toBeInstanceOf(QueryFailedError);
        await manager.insert(Item, { name: 'b' });
      }),
    ).rejects.toMatchObject({ driverError: { code: 'TRANSACTION_ENDED' } });
    expect(await dataSource.getRepository(Item).count()).toBe(0);
  });

  it('commits nothing of a transaction that fails while others of its statements are under way', async () => {
    let others: Promise<unknown> | undefined;
    await expect(
      dataSource.transaction(async (manager) => {
        await manager.insert(Item, { name: 'a' });
        const failing = manager.query("INSERT INTO item (name) VALUES ('a')");
        const oneByOne = async (): Promise<void> => {
          await manager.query("INSERT INTO item (name) VALUES ('b')");
          await manager.query("INSERT INTO item (name) VALUES ('c')");
        };
        others = Promise.allSettled([
          oneByOne(),
          manager.query("INSERT INTO item (name) VALUES ('d')"),
          manager.query("INSERT INTO item (name) VALUES ('e') RETURNING id"),
        ]);
        await failing;
      }),
    ).rejects.toMatchObject({ driverError: { code: 'CONSTRAINT' } });
    await others;

    expect(await dataSource.getRepository(Item).find()).toEqual([]);
  });

  it.each(['COMMIT', 'ROLLBACK'])('refuses what is given behind its %s', async (end) => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const ending = runner.query(end);
    const late = await Promise.allSettled([
      runner.query("INSERT INTO item (name) VALUES ('a')"),
      runner.stream('SELECT * FROM item').then((rows) => rows.toArray()),
      runner.query('BEGIN'),
    ]);
    await ending;
    await runner.release();

    for (const outcome of late) {
      expect(outcome).toMatchObject({ reason: { driverError: { code: 'TRANSACTION_ENDED' } } });
    }
    expect(await dataSource.getRepository(Item).count()).toBe(0);
  });

  it('checks deferred foreign keys at the commit, and rolls back', async () => {
    await expect(
      dataSource.transaction(async (manager) => {
        await manager.query('PRAGMA defer_foreign_keys = ON');
        await manager.query("INSERT INTO book (title, authorId) VALUES ('t', 77)");
      }),
    ).rejects.toMatchObject({ driverError: { code: 'CONSTRAINT', sqliteCode: 787 } });
    expect(await dataSource.getRepository(Book).count()).toBe(0);
    await dataSource.getRepository(Item).insert({ name: 'writers are not stuck' });
  });

  it('understands transactions in plain SQL, and rolls back what a runner leaves open', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.query('BEGIN');
    await runner.query("INSERT INTO item (name) VALUES ('a')");
    expect(runner.isTransactionActive).toBe(true);
    await runner.query('COMMIT');
    await runner.query('BEGIN');
    await runner.query("INSERT INTO item (name) VALUES ('b')");
    await runner.release();
    expect(await dataSource.getRepository(Item).count()).toBe(1);
    await dataSource.getRepository(Item).insert({ name: 'c' });
  });

  it('holds nobody up after the end of its transaction', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Item, { name: 'a' });
    await runner.commitTransaction();
    await dataSource.withOptions({ deadlineMs: 60_000 }, () =>
      dataSource.getRepository(Item).insert({ name: 'b' }),
    );
    await runner.startTransaction();
    await runner.rollbackTransaction();
    await runner.manager.insert(Item, { name: 'c' });
    await runner.release();
    expect(await dataSource.getRepository(Item).count()).toBe(3);
  });

  it('refuses a savepoint without a transaction, and one transaction in another', async () => {
    const runner = dataSource.createQueryRunner();
    await expect(runner.query('SAVEPOINT mine')).rejects.toMatchObject({
      driverError: { code: 'STATEMENT_REFUSED' },
    });
    await runner.query('BEGIN');
    await expect(runner.query('BEGIN')).rejects.toBeInstanceOf(QueryFailedError);
    await runner.manager.insert(Item, { name: 'still in the first' });
    await runner.query('ROLLBACK');
    await runner.release();
    expect(await dataSource.getRepository(Item).count()).toBe(0);
  });

  it('queues writers without errors while others read', async () => {
    const items = dataSource.getRepository(Item);
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        if (i % 3 === 0) await items.count();
        else await items.insert({ name: `n${i}` });
      }),
    );
    expect(await items.count()).toBe(40);
  });
});
