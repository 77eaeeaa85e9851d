/** Contract: creating, reading, updating and deleting through repositories, builders and raw statements. */
import { AbstractLogger, In, type LogLevel, type LogMessage, QueryFailedError } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isDqliteError } from '../../errors/index.js';
import type { DqliteDataSource } from '../orm/data-source.js';
import { ENGINES, TestDatabases } from './engines.fixture.js';
import { Audited, Author, Book, Item, Tag } from './entities.fixture.js';

describe.each(ENGINES)('CRUD on $name', (engine) => {
  let databases: TestDatabases;
  let dataSource: DqliteDataSource;

  beforeAll(async () => {
    databases = await TestDatabases.start(engine);
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    dataSource = await databases.open({ entities: [Author, Book, Tag, Item, Audited] });
  });

  it('inserts, finds, updates and deletes', async () => {
    const items = dataSource.getRepository(Item);
    const saved = await items.save({ name: 'a', amount: 1 });
    expect(saved.id).toBe(1);
    expect((await items.insert({ name: 'b' })).identifiers).toEqual([{ id: 2 }]);
    expect((await items.update({ name: 'b' }, { amount: 5 })).affected).toBe(1);
    expect(await items.findOneBy({ id: 2 })).toMatchObject({ name: 'b', amount: 5 });
    expect((await items.delete({ amount: 5 })).affected).toBe(1);
    expect(await items.find()).toEqual([{ id: 1, name: 'a', amount: 1 }]);
    expect((await items.update({ name: 'nobody' }, { amount: 5 })).affected).toBe(0);
  });

  it('gives every row of a bulk insert its id', async () => {
    const items = dataSource.getRepository(Item);
    const result = await items.insert([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    expect(result.identifiers).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(await items.findBy({ id: In([1, 3]) })).toMatchObject([{ name: 'a' }, { name: 'c' }]);
  });

  it('inserts a thousand rows with one call', async () => {
    const items = dataSource.getRepository(Item);
    await items.insert(Array.from({ length: 1000 }, (_, i) => ({ name: `it's ${i}`, amount: -i })));
    expect(await items.count()).toBe(1000);
    expect(await items.findOneBy({ name: "it's 777" })).toMatchObject({ amount: -777 });
    const ids = Array.from({ length: 600 }, (_, i) => i + 1);
    expect(await items.countBy({ id: In(ids) })).toBe(600);
  });

  it('cascades and loads relations, eagerly and lazily', async () => {
    const authors = dataSource.getRepository(Author);
    const books = dataSource.getRepository(Book);
    const author = await authors.save({
      name: 'A',
      books: [
        { title: 'one', tags: [{ name: 'x' }, { name: 'y' }] },
        { title: 'two', tags: [] },
      ],
    });
    const editor = await authors.save({ name: 'E' });
    const one = await books.findOneByOrFail({ title: 'one' });
    expect(one.tags.map(({ name }) => name).sort()).toEqual(['x', 'y']);
    one.editor = Promise.resolve(editor);
    await books.save(one);

    const loaded = await authors.findOneOrFail({
      where: { id: author.id },
      relations: { books: true },
      order: { books: { id: 'ASC' } },
    });
    expect(loaded.books.map(({ title }) => title)).toEqual(['one', 'two']);
    const edited = await (await authors.findOneByOrFail({ name: 'E' })).edited;
    expect(edited.map(({ title }) => title)).toEqual(['one']);

    await authors.delete(author.id);
    expect(await books.count()).toBe(0);
  });

  it('keeps dates of creation, change and deletion with milliseconds', async () => {
    const audited = dataSource.getRepository(Audited);
    const before = Date.now();
    const row = await audited.save({ note: 'x' });
    expect(row.version).toBe(1);
    row.note = 'y';
    const changed = await audited.save(row);
    expect(changed.version).toBe(2);
    const read = await audited.findOneByOrFail({ id: row.id });
    expect(read.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(read.updatedAt.getTime()).toBeGreaterThanOrEqual(read.createdAt.getTime());
    expect(read.updatedAt.getTime()).toBeLessThanOrEqual(Date.now());
    await audited.softDelete(row.id);
    expect(await audited.findOneBy({ id: row.id })).toBeNull();
    const deleted = await audited.findOneOrFail({ where: { id: row.id }, withDeleted: true });
    expect(deleted.deletedAt?.getTime()).toBeGreaterThanOrEqual(read.updatedAt.getTime());
    await audited.restore(row.id);
    expect(await audited.findOneBy({ id: row.id })).toMatchObject({ deletedAt: null });
  });

  it('answers raw statements with ids, counts and rows', async () => {
    const insert = 'INSERT INTO item (name) VALUES (?)';
    expect(await dataSource.query(insert, ['a'])).toBe(1);
    expect(await dataSource.query(insert, ['b'])).toBe(2);
    expect(await dataSource.query('UPDATE item SET amount = ?', [7])).toBe(2);
    expect(await dataSource.query('SELECT name, amount FROM item ORDER BY name')).toEqual([
      { name: 'a', amount: 7 },
      { name: 'b', amount: 7 },
    ]);
    expect(await dataSource.query('SELECT * FROM item WHERE id > 9')).toEqual([]);
    expect(await dataSource.sql`SELECT ${3} + ${4} AS sum`).toEqual([{ sum: 7 }]);
  });

  it('upserts, and RETURNING tells what became of each row', async () => {
    const items = dataSource.getRepository(Item);
    await items.upsert(
      [
        { name: 'a', amount: 1 },
        { name: 'b', amount: 2 },
      ],
      ['name'],
    );
    await items.upsert(
      [
        { name: 'c', amount: 3 },
        { name: 'a', amount: 9 },
      ],
      ['name'],
    );
    expect(await items.find({ order: { name: 'ASC' } })).toMatchObject([
      { name: 'a', amount: 9 },
      { name: 'b', amount: 2 },
      { name: 'c', amount: 3 },
    ]);
    const upsert =
      'INSERT INTO item (name, amount) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET amount = excluded.amount RETURNING id, amount';
    expect(await dataSource.query(upsert, ['b', 20])).toEqual([{ id: 2, amount: 20 }]);
    await dataSource.transaction(async (manager) => {
      expect(await manager.query(upsert, ['b', 30])).toEqual([{ id: 2, amount: 30 }]);
    });
    expect(await items.findOneBy({ name: 'b' })).toMatchObject({ id: 2, amount: 30 });
    expect(await dataSource.query('DELETE FROM item WHERE amount > ? RETURNING name', [8])).toEqual(
      [{ name: 'a' }, { name: 'b' }],
    );
  });

  it('knows the id of an upserted row, and what RETURNING was asked for', async () => {
    const items = dataSource.getRepository(Item);
    await items.insert([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    const upserted = await items.upsert({ name: 'a', amount: 4 }, ['name']);
    expect(upserted.identifiers).toEqual([{ id: 1 }]);
    const insert = (name: string) => items.createQueryBuilder().insert().values({ name });
    expect((await insert('b').orIgnore().execute()).identifiers).toEqual([undefined]);
    expect((await insert('d').returning(['name', 'amount']).execute()).raw).toEqual([
      { name: 'd', amount: 0, id: expect.any(Number) },
    ]);
    const update = items.createQueryBuilder().update().set({ amount: 8 }).where({ name: 'a' });
    expect((await update.returning('id, amount').execute()).raw).toEqual([{ id: 1, amount: 8 }]);
  });

  it('inserts with one statement, dates and defaults included', async () => {
    const statements: string[] = [];
    const logger = new RecordingLogger(statements);
    const logged = await databases.open({ entities: [Item, Audited], logger, logging: ['query'] });
    statements.length = 0;
    const audited = { note: 'x' };
    const { identifiers, generatedMaps } = await logged.getRepository(Audited).insert(audited);
    await logged.getRepository(Item).insert({ name: 'a' });
    expect(statements).toHaveLength(2);
    expect(identifiers).toEqual([{ id: 1 }]);
    const read = await logged.getRepository(Audited).findOneByOrFail({ id: 1 });
    expect(generatedMaps).toEqual([
      { id: 1, version: 1, createdAt: read.createdAt, updatedAt: read.updatedAt, deletedAt: null },
    ]);
  });

  it('reports violated constraints as CONSTRAINT, whatever the engine', async () => {
    const items = dataSource.getRepository(Item);
    await items.insert({ name: 'a' });
    const unique = await failure(items.insert({ name: 'a' }));
    expect(unique.driverError).toMatchObject({ code: 'CONSTRAINT', sqliteCode: 2067 });
    expect(unique.driverError.message).toBe('UNIQUE constraint failed: item.name');
    const foreign = await failure(
      dataSource.query('INSERT INTO book (title, authorId) VALUES (?, ?)', ['t', 99]),
    );
    expect(foreign.driverError).toMatchObject({ code: 'CONSTRAINT', sqliteCode: 787 });
    const missing = await failure(dataSource.query('INSERT INTO item (name) VALUES (NULL)'));
    expect(missing.driverError).toMatchObject({ code: 'CONSTRAINT', sqliteCode: 1299 });
    const syntax = await failure(dataSource.query('SELEC 1'));
    expect(syntax.driverError).toMatchObject({ code: 'SQL', sqliteCode: 1 });
  });
});

async function failure(promise: Promise<unknown>): Promise<QueryFailedError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof QueryFailedError)) {
    throw new Error('expected a QueryFailedError', { cause: error });
  }
  expect(isDqliteError(error.driverError)).toBe(true);
  return error;
}

class RecordingLogger extends AbstractLogger {
  constructor(private readonly statements: string[]) {
    super(['query']);
  }

  protected override writeLog(
    _level: LogLevel,
    messages: LogMessage | string | number | (LogMessage | string | number)[],
  ): void {
    for (const entry of Array.isArray(messages) ? messages : [messages]) {
      this.statements.push(String(typeof entry === 'object' ? entry.message : entry));
    }
  }
}
