import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.js';
import { faultOf } from './fault-of.fixture.js';
import { isInvalidValueError } from './invalid-value-error.js';

describe('parseDuration', () => {
  it.each([
    ['3h', 10_800_000_000_000n],
    ['10s', 10_000_000_000n],
    ['1h30m', 5_400_000_000_000n],
    ['-1.5h', -5_400_000_000_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['+250ms', 250_000_000n],
    ['1us1µs1μs', 3_000n],
    ['0', 0n],
    ['-9223372036854775808ns', -(2n ** 63n)],
  ])('reads %s', (text, nanoseconds) => {
    expect(parseDuration(text)).toBe(nanoseconds);
  });

  it.each(['', '-', '3', '3 h', 'h', '.s', '1h-1m', '1d', '9223372036854775808ns', '1e3s', ' 1s'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(`Invalid duration "${text}"`);
    },
  );

  it('reads what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanoseconds) => {
        expect(parseDuration(formatDuration(nanoseconds))).toBe(nanoseconds);
      }),
    );
  });

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.0-9nuµmsh]{0,200}$/)), (text) => {
        const fault = faultOf(() => parseDuration(text));
        expect(fault === undefined || isInvalidValueError(fault)).toBe(true);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_500n, '1.5µs'],
    [250_000_000n, '250ms'],
    [1_500_000_000n, '1.5s'],
    [60_000_000_000n, '1m0s'],
    [10_800_000_000_000n, '3h0m0s'],
    [-3_661_000_000_001n, '-1h1m1.000000001s'],
  ])('writes %d ns as Go does: %s', (nanoseconds, text) => {
    expect(formatDuration(nanoseconds)).toBe(text);
  });
});
