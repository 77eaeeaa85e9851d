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
    expect(parseJson('[123456789012345678901]')).toEqual([123456789012345678901]);
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
        fc.string({ unit: 'binary' }),
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
