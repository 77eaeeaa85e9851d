/** Contract: what an entity holds comes back as it was, whatever its type and on whatever engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DqliteDataSource } from '../orm/data-source.js';
import { ENGINES, TestDatabases } from './engines.fixture.js';
import { Everything, LargeKey } from './entities.fixture.js';

const NOTHING = {
  flag: null,
  moment: null,
  precise: null,
  day: null,
  time: null,
  simpleJson: null,
  json: null,
  list: null,
  bytes: null,
  large: null,
  millis: null,
  digits: null,
  real: null,
  text: null,
};

describe.each(ENGINES)('values on $name', (engine) => {
  let databases: TestDatabases;
  let dataSource: DqliteDataSource;

  beforeAll(async () => {
    databases = await TestDatabases.start(engine);
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    dataSource = await databases.open({ entities: [Everything, LargeKey] });
  });

  it('keeps NULL in every type', async () => {
    const rows = dataSource.getRepository(Everything);
    await dataSource.query('INSERT INTO everything (id) VALUES (1)');
    expect(await rows.findOneByOrFail({ id: 1 })).toEqual({ id: 1, ...NOTHING });
  });

  it('keeps a value of every type', async () => {
    const rows = dataSource.getRepository(Everything);
    const row = {
      id: 1,
      flag: false,
      moment: new Date('2026-01-02T03:04:05.678Z'),
      precise: new Date('1999-12-31T23:59:59.999Z'),
      day: '2026-01-31',
      time: '12:34:56',
      simpleJson: { a: [1, 'ü', null] },
      json: { nested: { deep: true }, "it's": '"' },
      list: ['x', 'y'],
      bytes: Buffer.from([0, 1, 254, 255]),
      large: 9_223_372_036_854_775_807n,
      millis: 1_700_000_000_123,
      digits: '-9223372036854775808',
      real: 0.1 + 0.2,
      text: 'Grüße, "世界" 🎉\n',
    };
    await rows.insert(row);
    expect(await rows.findOneByOrFail({ id: 1 })).toEqual(row);
    await rows.save({ ...row, flag: true, bytes: Buffer.alloc(0), text: '', real: -1e300 });
    expect(await rows.findOneByOrFail({ id: 1 })).toEqual({
      ...row,
      flag: true,
      bytes: Buffer.alloc(0),
      text: '',
      real: -1e300,
    });
  });

  it('finds rows by dates, booleans and 64-bit integers', async () => {
    const rows = dataSource.getRepository(Everything);
    const moment = new Date('2026-01-02T03:04:05.678Z');
    await rows.insert([
      { id: 1, moment, flag: true, large: 2n ** 60n + 1n, digits: '9007199254740993' },
      { id: 2, moment: new Date(0), flag: false, large: 2n ** 60n, digits: '9007199254740992' },
    ]);
    expect(await rows.countBy({ moment })).toBe(1);
    expect(await rows.countBy({ flag: true })).toBe(1);
    expect((await rows.findOneByOrFail({ large: 2n ** 60n + 1n })).id).toBe(1);
    expect((await rows.findOneByOrFail({ digits: '9007199254740993' })).id).toBe(1);
    const [sum] = await dataSource.query(
      'SELECT sum(large) AS total, count(*) AS n FROM everything',
    );
    expect(sum).toEqual({ total: 2n ** 61n + 1n, n: 2 });
  });

  it('has 64-bit generated keys', async () => {
    const rows = dataSource.getRepository(LargeKey);
    await dataSource.query('INSERT INTO large_key (id, name) VALUES (?, ?)', [2n ** 60n, 'first']);
    const saved = await rows.save({ name: 'second' });
    expect(saved.id).toBe(2n ** 60n + 1n);
    expect(await rows.findOneByOrFail({ id: saved.id })).toEqual({ id: saved.id, name: 'second' });
    const { identifiers } = await rows.insert([{ name: 'a' }, { name: 'b' }]);
    expect(identifiers).toEqual([{ id: 2n ** 60n + 2n }, { id: 2n ** 60n + 3n }]);
  });

  it('refuses to lose digits in a property declared number', async () => {
    await dataSource.query('INSERT INTO everything (id, millis) VALUES (1, ?)', [2n ** 60n]);
    await expect(dataSource.getRepository(Everything).find()).rejects.toMatchObject({
      code: 'MISUSE',
    });
  });

  it.each([
    ['text with a NUL character', 'a\0b'],
    ['a number that is none', Number.NaN],
    ['undefined', undefined],
    ['an integer of more than 64 bits', 2n ** 63n],
    ['an object', { a: 1 }],
    ['an invalid date', new Date(Number.NaN)],
  ])('refuses %s as a parameter', async (_, value) => {
    await expect(dataSource.query('SELECT ?', [value])).rejects.toMatchObject({
      driverError: { code: 'INVALID_PARAMETER' },
    });
  });

  it('takes more parameters than a server can bind', async () => {
    const values = Array.from({ length: 700 }, (_, i) =>
      [i, -i, i / 3, `t'${i}`, null, 2n ** 62n + BigInt(i), Buffer.from([i % 256])].at(i % 7),
    );
    const [row] = await dataSource.query(
      `SELECT * FROM (VALUES ${values.map(() => '(?)').join(', ')}) LIMIT 1`,
      values,
    );
    expect(row).toEqual({ column1: 0 });
    const rows: { column1: unknown }[] = await dataSource.query(
      `VALUES ${values.map(() => '(?)').join(', ')}`,
      values,
    );
    expect(rows.map(({ column1 }) => column1)).toEqual(values);
  });
});
