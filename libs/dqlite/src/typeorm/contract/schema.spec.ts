/** Contract: migrations up and down, and synchronize, with rows and foreign keys in place. */
import {
  Column,
  Entity,
  Index,
  type MigrationInterface,
  PrimaryGeneratedColumn,
  type QueryRunner,
  Table,
  TableColumn,
} from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, TestDatabases } from './engines.fixture.js';
import { Audited, Author, Book, Everything, Item, LargeKey, Tag } from './entities.fixture.js';

class CreatePeople1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'people',
        columns: [
          {
            name: 'id',
            type: 'integer',
            isPrimary: true,
            isGenerated: true,
            generationStrategy: 'increment',
          },
          { name: 'active', type: 'boolean', isNullable: true },
          { name: 'born', type: 'datetime', isNullable: true },
        ],
      }),
    );
    await runner.query(
      'CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE)',
    );
    await runner.query('INSERT INTO people (id) VALUES (1)');
    await runner.query('INSERT INTO pets (owner) VALUES (1)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('pets');
    await runner.dropTable('people');
  }
}

class AddName1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.addColumn(
      'people',
      new TableColumn({ name: 'name', type: 'varchar', default: "'?'" }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('people', 'name');
  }
}

class Fails1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id INTEGER)');
    await runner.query('INSERT INTO nowhere VALUES (1)');
  }

  async down(): Promise<void> {}
}

@Entity('thing')
class ThingBefore {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;

  @Column({ nullable: true })
  old!: string;
}

@Entity('thing')
class ThingAfter {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ length: 50 })
  @Index('thing_by_name')
  name!: string;

  @Column({ default: true })
  active!: boolean;

  @Column({ type: 'datetime', precision: 6, nullable: true })
  seen!: Date | null;
}

describe.each(ENGINES)('schema on $name', (engine) => {
  let databases: TestDatabases;

  beforeAll(async () => {
    databases = await TestDatabases.start(engine);
  });
  afterAll(() => databases.stop());

  it('migrates up and down, and rebuilding a table keeps what refers to it', async () => {
    const dataSource = await databases.open({
      synchronize: false,
      migrations: [CreatePeople1700000000001, AddName1700000000002],
    });
    const count = async (table: string): Promise<unknown> =>
      dataSource.query(`SELECT count(*) AS n FROM ${table}`);
    expect(await dataSource.runMigrations()).toHaveLength(2);
    expect(await dataSource.runMigrations()).toHaveLength(0);
    expect(await dataSource.query('SELECT name, active, born FROM people')).toEqual([
      { name: '?', active: null, born: null },
    ]);
    expect(await count('pets')).toEqual([{ n: 1 }]);
    await dataSource.undoLastMigration();
    expect(await dataSource.query('SELECT * FROM people')).toEqual([
      { id: 1, active: null, born: null },
    ]);
    expect(await count('pets')).toEqual([{ n: 1 }]);
    await dataSource.query('DELETE FROM people');
    expect(await count('pets')).toEqual([{ n: 0 }]);
    await dataSource.undoLastMigration();
    await expect(count('people')).rejects.toThrow('no such table');
  });

  it.each(['all', 'each'] as const)('undoes a failed migration (%s)', async (transaction) => {
    const dataSource = await databases.open({
      synchronize: false,
      migrations: [CreatePeople1700000000001, Fails1700000000003],
    });
    await expect(dataSource.runMigrations({ transaction })).rejects.toThrow(
      'no such table: nowhere',
    );
    await expect(dataSource.query('SELECT * FROM half')).rejects.toThrow('no such table');
    const survivors = await dataSource.query(
      "SELECT name FROM sqlite_master WHERE name = 'people'",
    );
    expect(survivors).toHaveLength(transaction === 'each' ? 1 : 0);
    // Foreign keys are enforced again on whatever connection comes next.
    expect(await dataSource.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('synchronizes changed entities, and rows and references survive', async () => {
    const database = databases.fresh();
    const before = await databases.open({ database, entities: [ThingBefore] });
    await before.getRepository(ThingBefore).insert({ name: 'kept', old: 'gone' });
    await before.query(
      'CREATE TABLE referrer (thing INTEGER NOT NULL REFERENCES thing (id) ON DELETE CASCADE)',
    );
    await before.query('INSERT INTO referrer VALUES (1)');
    await before.destroy();

    const after = await databases.open({ database, entities: [ThingAfter] });
    expect(await after.getRepository(ThingAfter).find()).toEqual([
      { id: 1, name: 'kept', active: true, seen: null },
    ]);
    expect(await after.query('SELECT thing FROM referrer')).toEqual([{ thing: 1 }]);
    await after.getRepository(ThingAfter).delete(1);
    expect(await after.query('SELECT thing FROM referrer')).toEqual([]);
  });

  it('sees no difference between entities and the schema made from them', async () => {
    const dataSource = await databases.open({
      entities: [Author, Book, Tag, Item, Audited, Everything, LargeKey, ThingAfter],
    });
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('declares no column with a type that the wire protocol changes', async () => {
    const dataSource = await databases.open({ entities: [Everything, Audited, ThingAfter] });
    const tables: { sql: string }[] = await dataSource.query(
      "SELECT sql FROM sqlite_master WHERE type = 'table'",
    );
    for (const { sql } of tables) {
      expect(sql).not.toMatch(/" (?:boolean|date|datetime|timestamp)\b/i);
    }
  });

  it('drops everything and starts again', async () => {
    const dataSource = await databases.open({ entities: [Author, Book, Tag] });
    await dataSource.getRepository(Author).save({ name: 'a', books: [{ title: 't', tags: [] }] });
    await dataSource.synchronize(true);
    expect(await dataSource.getRepository(Book).count()).toBe(0);
    expect(await dataSource.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });
});
