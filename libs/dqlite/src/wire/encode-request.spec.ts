/** Requests survive the round trip through bytes, whatever they carry. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SqlParameter } from '../values.js';
import { encodeHandshake, encodeRequest, type Request } from './index.js';
import { readRequest } from './server-side.fixture.js';

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
const number32 = fc.nat({ max: 2 ** 32 - 1 });
const date = fc.date({
  min: new Date('0001-01-01'),
  max: new Date('9999-12-31'),
  noInvalidDate: true,
});
const parameter: fc.Arbitrary<SqlParameter> = fc.oneof(
  fc.constant(null),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  int64,
  text,
  fc.boolean(),
  date,
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const parameters = fc.oneof(
  fc.record({ schema: fc.constant<0>(0), parameters: fc.array(parameter, { maxLength: 255 }) }),
  fc.record({
    schema: fc.constant<1>(1),
    parameters: fc.array(parameter, { maxLength: 700, size: 'large' }),
  }),
);

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ type: fc.constant('leader' as const), schema: fc.constantFrom<0 | 1>(0, 1) }),
  fc.record({
    type: fc.constantFrom('client' as const, 'remove' as const, 'transfer' as const),
    id,
  }),
  fc.record({ type: fc.constantFrom('open' as const, 'dump' as const), name: text }),
  fc.record({
    type: fc.constant('prepare' as const),
    sql: text,
    schema: fc.constantFrom<0 | 1>(0, 1),
  }),
  fc
    .tuple(fc.constantFrom('exec' as const, 'query' as const), number32, parameters)
    .map(([type, statement, rest]) => ({ type, statement, ...rest })),
  fc
    .tuple(fc.constantFrom('exec-sql' as const, 'query-sql' as const), text, parameters)
    .map(([type, sql, rest]) => ({ type, sql, ...rest })),
  fc.record({ type: fc.constant('finalize' as const), statement: number32 }),
  fc.record({
    type: fc.constantFrom('interrupt' as const, 'describe' as const, 'cluster' as const),
  }),
  fc.record({ type: fc.constant('add' as const), id, address: text }),
  fc.record({
    type: fc.constant('assign' as const),
    id,
    role: fc.constantFrom('voter' as const, 'stand-by' as const, 'spare' as const),
  }),
  fc.record({ type: fc.constant('weight' as const), weight: id }),
);

/** What the server binds for a parameter. */
function bound(value: SqlParameter): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (value instanceof Date) return `${value.toISOString().slice(0, -1).replace('T', ' ')}+00:00`;
  return value;
}

describe('encodeRequest', () => {
  it('writes what the server reads, in whole words, for every request', () => {
    fc.assert(
      fc.property(request, (sent) => {
        const bytes = encodeRequest(sent);
        const { frameBytes, ...read } = readRequest(bytes);

        expect(frameBytes).toBe(bytes.length);
        expect(bytes.length % 8).toBe(0);
        expect(bytes.length).toBeGreaterThan(8); // A message without a body kills an old server.
        const expected =
          'parameters' in sent ? { ...sent, parameters: sent.parameters.map(bound) } : sent;
        expect(read).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('lays out a parameter tuple as documented', () => {
    const bytes = encodeRequest({
      type: 'exec-sql',
      sql: 'x',
      parameters: [1, 'abc', null],
      schema: 0,
    });

    expect(bytes.toString('hex')).toBe(
      [
        '0600000008000000', // 6 words of EXEC_SQL
        '0000000000000000', // database 0
        '7800000000000000', // "x"
        '0301030500000000', // 3 parameters: integer, text, null
        '0100000000000000',
        '6162630000000000',
        '0000000000000000',
      ].join(''),
    );
  });

  it('sends no tuple without parameters', () => {
    const bytes = encodeRequest({ type: 'query', statement: 7, parameters: [], schema: 0 });

    expect(bytes.toString('hex')).toBe('01000000060000000000000007000000');
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a text with NUL', 'a\0b'],
    ['2^63', 2n ** 63n],
    ['-2^63 - 1', -(2n ** 63n) - 1n],
    ['an invalid Date', new Date(Number.NaN)],
    ['an object', {}],
    ['a function', () => 1],
  ])('refuses %s and names its position', (_, value) => {
    const values: unknown[] = [1, value];
    // Callers without types can pass anything.
    const encode = (): Buffer =>
      Reflect.apply(encodeRequest, undefined, [
        { type: 'exec-sql', sql: 'x', parameters: values, schema: 0 },
      ]);

    expect(encode).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        message: expect.stringContaining('Parameter 2'),
      }),
    );
  });

  it('never lets a count wrap around in the old format (rule 6)', () => {
    const parameters = Array.from({ length: 256 }, () => 1);

    expect(() => encodeRequest({ type: 'exec-sql', sql: 'x', parameters, schema: 0 })).toThrow(
      /256 parameters/,
    );
  });
});

describe('encodeHandshake', () => {
  it('is protocol version 1 as one word', () => {
    expect(encodeHandshake().toString('hex')).toBe('0100000000000000');
  });
});
