import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOf } from './fault-of.fixture.js';
import { isInvalidValueError } from './invalid-value-error.js';
import { parseJson, stringifyJson } from './json.js';

describe('parseJson', () => {
  it('keeps integers beyond 2^53 exact', () => {
    expect(parseJson('{"id":3297041220608546238,"n":[-9223372036854775808,1]}')).toEqual({
      id: 3297041220608546238n,
      n: [-9223372036854775808n, 1],
    });
  });

  it('leaves digits in strings, fractions and exponents alone', () => {
    const text =
      '{"3297041220608546238":"say \\"3297041220608546238\\"","f":0.12345678901234567,"e":1.1234567890123456e20,"g":12345678901234567890e2}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('takes integers that no 64-bit type holds for numbers, however long they are', () => {
    expect(parseJson('[18446744073709551615,-9223372036854775808]')).toEqual([
      18446744073709551615n,
      -9223372036854775808n,
    ]);
    // Parsing digits exactly takes quadratic time: a body of some megabytes would stop the daemon for seconds.
    expect(parseJson(`[${'9'.repeat(1_000_000)}]`)).toEqual([Infinity]);
    expect(parseJson('[123456789012345678901]')).toEqual([1.2345678901234568e20]);
  });

  it('reads a text of tens of megabytes beside a long integer, as the dump of a database is', () => {
    const dump = `INSERT INTO "t" VALUES(1234567890123456);\n${'x'.repeat(20_000_000)}${'\\"x'.repeat(1_000_000)}`;
    const value = parseJson(JSON.stringify({ id: 1, dump }).replace('1', '12345678901234567890'));

    expect(value).toHaveProperty('id', 12345678901234567890n);
    expect(Object(value).dump === dump).toBe(true);
  });

  it('reads exactly what it wrote', () => {
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'grapheme' }),
        fc.integer(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
        fc.boolean(),
        fc.constant(null),
        fc.stringMatching(/^[0-9"\\:,]{16,40}$/),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        const text = stringifyJson(value);
        expect(parseJson(text)).toEqual(value);
        expect(stringifyJson(parseJson(text))).toBe(text);
      }),
    );
  });

  it('refuses exactly the texts that are not JSON, with an error for the sender', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[{}[\]",:0-9e.\\-]{0,60}$/));
    fc.assert(
      fc.property(texts, (text) => {
        const isJson = faultOf(() => JSON.parse(text)) === undefined;
        const fault = faultOf(() => parseJson(text));
        expect(fault === undefined).toBe(isJson);
        expect(fault === undefined || isInvalidValueError(fault)).toBe(true);
      }),
    );
    expect(faultOf(() => parseJson('{'))).toMatchObject({ status: 400 });
  });
});

describe('stringifyJson', () => {
  it('writes integers beyond 2^53 exactly', () => {
    expect(stringifyJson({ id: 18446744073709551615n, ns: 9007199254740993n })).toBe(
      '{"id":18446744073709551615,"ns":9007199254740993}',
    );
  });

  it('leaves out undefined, and writes null for it in a list and at the top', () => {
    expect(stringifyJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
    expect(stringifyJson(undefined)).toBe('null');
  });

  it('applies toJSON', () => {
    expect(stringifyJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it('escapes the line separators that Go escapes, and replaces half characters', () => {
    expect(stringifyJson('\u2028\u2029')).toBe('"\\u2028\\u2029"');
    expect(stringifyJson('a\ud800b')).toBe('"a\ufffdb"');
  });

  it('refuses what JSON cannot carry', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => stringifyJson(cycle)).toThrow(/contains itself/);
    expect(() => stringifyJson({ x: Number.NaN })).toThrow(/NaN at "x"/);
  });

  it('writes one value twice in different places', () => {
    const shared = { n: 1 };
    expect(stringifyJson([shared, shared])).toBe('[{"n":1},{"n":1}]');
  });

  it('is what JSON.parse reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(stringifyJson(value))).toEqual(expected);
        expect(JSON.parse(stringifyJson(value, { escapeHtml: true }))).toEqual(expected);
      }),
    );
  });
});
