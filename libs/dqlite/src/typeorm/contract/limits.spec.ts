/** Contract: streams, cancellation, deadlines, full pools, and a database that is not open. */
import { QueryFailedError } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DqliteDataSource } from '../orm/data-source.js';
import { ENGINES, TestDatabases } from './engines.fixture.js';
import { Audited, Author, Book, Item, Tag } from './entities.fixture.js';

const ENTITIES = [Author, Book, Tag, Item, Audited];
const FILL = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
  INSERT INTO item (name, amount) SELECT 'name ' || i, i FROM n`;
/** Takes a second or so. A dqlite server, once told to, cannot stop it and does nothing else meanwhile. */
const LONG =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) AS m FROM n';

describe.each(ENGINES)('limits on $name', (engine) => {
  let databases: TestDatabases;
  let dataSource: DqliteDataSource;

  beforeAll(async () => {
    databases = await TestDatabases.start(engine);
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    dataSource = await databases.open({ entities: ENTITIES, poolSize: 2 });
  });

  it('streams fifty thousand rows in constant memory', async () => {
    await dataSource.query(FILL);
    const stream = await dataSource.getRepository(Item).createQueryBuilder('it').stream();
    let count = 0;
    let sum = 0;
    let buffered = 0;
    for await (const row of stream) {
      count += 1;
      sum += Number(row.it_amount);
      buffered = Math.max(buffered, stream.readableLength);
    }
    expect([count, sum]).toEqual([50_000, (50_000 * 50_001) / 2]);
    expect(buffered).toBeLessThanOrEqual(64);
  });

  it('gives the connection back when a stream is left early or fails', async () => {
    await dataSource.query(FILL);
    for (let i = 0; i < 5; i += 1) {
      const stream = await dataSource.getRepository(Item).createQueryBuilder('it').stream();
      for await (const row of stream) {
        expect(row.it_name).toBe('name 1');
        break;
      }
    }
    const runner = dataSource.createQueryRunner();
    const failing = await runner.stream('SELECT abs(amount - 9223372036854775807 - 2) FROM item');
    await expect(failing.toArray()).rejects.toBeInstanceOf(QueryFailedError);
    await runner.release();
    expect(await dataSource.getRepository(Item).count()).toBe(50_000);
  });

  it('streams integers beyond 2^53 exactly', async () => {
    const runner = dataSource.createQueryRunner();
    const stream = await runner.stream('SELECT ? AS big, 2 AS small', [2n ** 60n + 1n]);
    expect(await stream.toArray()).toEqual([{ big: 2n ** 60n + 1n, small: 2 }]);
    await runner.release();
  });

  it('interrupts a statement when its signal aborts, and goes on', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const running = dataSource.withOptions({ signal: controller.signal }, () =>
      dataSource.query(LONG),
    );
    await expect(running).rejects.toMatchObject({ driverError: { code: 'ABORTED' } });
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('interrupts a statement at the deadline', async () => {
    const running = dataSource.withOptions({ deadlineMs: 60 }, () => dataSource.query(LONG));
    await expect(running).rejects.toMatchObject({ driverError: { code: 'TIMEOUT' } });
  });

  it('counts the deadline for everything in the scope, and undoes the transaction', async () => {
    const outer = dataSource.withOptions({ deadlineMs: 80 }, () =>
      dataSource.transaction(async (manager) => {
        await manager.insert(Item, { name: 'undone' });
        await dataSource.withOptions({ deadlineMs: 60_000 }, () => manager.query(LONG));
      }),
    );
    await expect(outer).rejects.toMatchObject({ driverError: { code: 'TIMEOUT' } });
    expect(await dataSource.getRepository(Item).count()).toBe(0);
    await dataSource.getRepository(Item).insert({ name: 'next writer' });
  });

  it('refuses to begin with an aborted signal', async () => {
    const aborted = dataSource.withOptions({ signal: AbortSignal.abort() }, () =>
      dataSource.getRepository(Item).insert({ name: 'never' }),
    );
    await expect(aborted).rejects.toMatchObject({ driverError: { code: 'ABORTED' } });
    expect(await dataSource.getRepository(Item).count()).toBe(0);
  });

  it('gives up waiting for a connection of a full pool, and for other writers', async () => {
    const runners = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    await Promise.all(runners.map((runner) => runner.connect()));
    await Promise.all(runners.map((runner) => runner.query('SELECT 1')));
    const waiting = dataSource.withOptions({ deadlineMs: 50 }, () => dataSource.query('SELECT 1'));
    await expect(waiting).rejects.toMatchObject({ driverError: { code: 'TIMEOUT' } });
    // Writers have a connection of their own, so a full pool does not stop them.
    await dataSource.getRepository(Item).insert({ name: 'a' });
    await runners[0]?.startTransaction();
    const writer = dataSource.withOptions({ deadlineMs: 50 }, () =>
      dataSource.getRepository(Item).insert({ name: 'b' }),
    );
    await expect(writer).rejects.toMatchObject({ driverError: { code: 'TIMEOUT' } });
    await Promise.all(runners.map((runner) => runner.release()));
    await dataSource.getRepository(Item).insert({ name: 'b' });
  });

  it('hands out repositories before the database is open', async () => {
    const name = databases.fresh();
    const closed = new DqliteDataSource({
      engine: () => databases.engine(name),
      entities: ENTITIES,
      synchronize: true,
    });
    await closed.buildMetadatasEarly();
    const items = closed.getRepository(Item);
    expect(items.metadata.tableName).toBe('item');
    await expect(items.find()).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await expect(items.insert({ name: 'a' })).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await expect(items.save({ name: 'a' })).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await expect(closed.transaction(async () => 1)).rejects.toMatchObject({ code: 'NOT_OPEN' });

    await closed.initialize();
    expect(await items.save({ name: 'a' })).toMatchObject({ id: 1 });
    await closed.destroy();
    await expect(items.find()).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await closed.initialize();
    expect(await items.find()).toHaveLength(1);
    await closed.destroy();
  });
});
