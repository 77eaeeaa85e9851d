/** The parsing rule of failures with garbage in front (`spec/dqlite.md` A.6, rule 9). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessage, parseFailure } from './index.js';
import { response, rowsBody, wireValue } from './server-side.fixture.js';

const bodyOf = (frame: Buffer): Buffer => frame.subarray(8);

describe('parseFailure', () => {
  it('finds code and text behind the half-written result of a query', () => {
    const half = rowsBody(['col'], [[wireValue.integer(1n)]]);

    expect(parseFailure(bodyOf(response.failure(1n, 'integer overflow', half)))).toEqual({
      code: 1,
      message: 'integer overflow',
    });
  });

  it('finds them behind any rows', () => {
    const value = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(wireValue.integer),
      fc.double({ noNaN: true }).map(wireValue.float),
      fc.string({ minLength: 1 }).map((text) => wireValue.text(text.replaceAll('\0', '.'))),
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { maxLength: 20 }),
        fc.constantFrom(1n, 5n, 19n, 517n, 10_250n, 10_506n),
        // A text of at least a word: shorter ones cannot be told from small numbers in front of them.
        fc.string({ minLength: 8, maxLength: 100, unit: 'grapheme-ascii' }),
        (rows, code, message) => {
          const half = rowsBody(['a', 'b', 'c'], rows);

          expect(parseFailure(bodyOf(response.failure(code, message, half)))).toEqual({
            code: Number(code),
            message,
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds them behind the file count of a dump', () => {
    const count = Buffer.alloc(8);
    count[0] = 2;

    expect(
      parseFailure(bodyOf(response.failure(11n, 'database disk image is malformed', count))),
    ).toEqual({ code: 11, message: 'database disk image is malformed' });
  });

  it('reads an empty text', () => {
    expect(parseFailure(bodyOf(response.failure(0n, '')))).toEqual({ code: 0, message: '' });
  });

  it('refuses a body without a code', () => {
    expect(() => parseFailure(Buffer.alloc(64, 0xff))).toThrow(MalformedMessage);
    expect(() => parseFailure(Buffer.alloc(8))).toThrow(MalformedMessage);
  });
});
