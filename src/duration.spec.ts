import { assert as check, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseTimeLimit } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['3h', 10_800_000_000_000n],
    ['1h30m', 5_400_000_000_000n],
    ['10s', 10_000_000_000n],
    ['1.5s', 1_500_000_000n],
    ['500ms', 500_000_000n],
    ['7us', 7_000n],
    ['1ns', 1n],
    ['0', 0n],
    ['-5m', -300_000_000_000n],
  ])('reads %s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['', 'h', '3', '3x', '3h ', ' 3h', '1h30', '--3h', '1e3s', '.5s', '999999999h'])(
    'refuses %j and names it',
    (text) => {
      expect(() => parseDuration(text)).toThrow(`Invalid duration "${text}"`);
    },
  );

  it('reads back what is written in whole units', () => {
    check(
      property(nat(10_000), nat(59), nat(59), (h, m, s) => {
        expect(parseDuration(`${h}h${m}m${s}s`)).toBe(BigInt(h * 3600 + m * 60 + s) * 10n ** 9n);
      }),
    );
  });
});

describe('parseTimeLimit', () => {
  it.each([
    ['0', 0],
    ['5', 5000],
    ['0.5', 500],
    ['2m', 120_000],
    ['1ns', 1],
  ])('reads %s as %d ms', (text, expected) => {
    expect(parseTimeLimit(text)).toBe(expected);
  });

  it('refuses what is negative or no duration', () => {
    expect(() => parseTimeLimit('-1s')).toThrow('must not be negative');
    expect(() => parseTimeLimit('soon')).toThrow('Invalid duration "soon"');
  });
});
