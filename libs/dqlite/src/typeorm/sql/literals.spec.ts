import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import type { SqlParameter } from '../../values.js';
import { SqliteEngine } from '../sqlite/sqlite-engine.js';
import { inlineParameters, limitParameters } from './literals.js';

const value = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

describe('literals', () => {
  const engine = new SqliteEngine({ file: ':memory:' });
  beforeAll(() => engine.open());
  afterAll(() => engine.close());

  it('mean the value that they replace, bit for bit and of the same type', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
        const sql = `VALUES ${values.map(() => '(?)').join(', ')}`;
        const inlined = inlineParameters(sql, values, () => true);
        expect(inlined.parameters).toEqual([]);
        const { rows } = await engine.run(inlined.sql);
        expect(rows.map(([read]) => read)).toEqual(values.map(asRead));
      }),
      { numRuns: 150 },
    );
  });

  it('do not run into their neighbours', () => {
    const { sql } = inlineParameters('SELECT 1-?, x=?AND y', [-1, 2], () => true);
    expect(sql).toBe('SELECT 1- (-1) , x= 2 AND y');
  });

  it('leave markers in strings, names and comments alone', () => {
    const text = `SELECT '?', "a?", [b?] /* ? */, ? -- ?`;
    expect(inlineParameters(text, [7], () => true).sql).toBe(
      `SELECT '?', "a?", [b?] /* ? */,  7  -- ?`,
    );
  });

  it('follow numbers and names as SQLite does', () => {
    const bound = inlineParameters('SELECT ?2, ?, :a, ?1, :a', [1, 2, 3, 4], (_, i) => i === 1);
    expect(bound).toEqual({ sql: 'SELECT  2 , ?, ?, ?, ?', parameters: [3, 4, 1, 4] });
  });

  it('keep what is long bound, as long as there is room', () => {
    const blob = Buffer.alloc(1000);
    const values: SqlParameter[] = [1, blob, 2, 'a long text', 3];
    const bound = limitParameters('VALUES (?), (?), (?), (?), (?)', values, 2);
    expect(bound).toEqual({
      sql: 'VALUES ( 1 ), (?), ( 2 ), (?), ( 3 )',
      parameters: [blob, 'a long text'],
    });
  });
});

/** How a value comes back: integers beyond 2^53 as bigint, all others as number. */
function asRead(written: SqlParameter): unknown {
  if (typeof written !== 'bigint') return written === 0 ? 0 : written;
  const number = Number(written);
  return Number.isSafeInteger(number) ? number : written;
}
