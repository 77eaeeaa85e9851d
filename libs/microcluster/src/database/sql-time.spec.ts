import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isZeroTime, zeroTime } from '../types/index.js';
import { decodeTime, encodeTime } from './sql-time.js';

describe('writing a time', () => {
  it.each([
    ['2024-10-22T11:22:33.000Z', '2024-10-22 11:22:33+00:00'],
    ['2024-10-22T11:22:33.120Z', '2024-10-22 11:22:33.12+00:00'],
    ['2024-10-22T11:22:30.005Z', '2024-10-22 11:22:30.005+00:00'],
  ])('%s: %s', (iso, text) => {
    expect(encodeTime(new Date(iso))).toBe(text);
  });

  it('writes the zero time as Go does', () => {
    expect(encodeTime(zeroTime())).toBe('0001-01-01 00:00:00+00:00');
  });

  it('refuses what the text cannot hold', () => {
    expect(() => encodeTime(new Date(Number.NaN))).toThrow(RangeError);
    expect(() => encodeTime(new Date(8.64e15))).toThrow(RangeError);
  });
});

describe('reading a time', () => {
  it.each<[unknown, string]>([
    ['2024-10-22 11:22:33.123456789+02:00', '2024-10-22T09:22:33.123Z'],
    ['2024-10-22T11:22:33.5Z', '2024-10-22T11:22:33.500Z'],
    ['2024-10-22 11:22:33', '2024-10-22T11:22:33.000Z'],
    ['2024-10-22 11:22-0530', '2024-10-22T16:52:00.000Z'],
    ['2024-10-22', '2024-10-22T00:00:00.000Z'],
    ['0001-01-01 00:00:00+00:00', '0001-01-01T00:00:00.000Z'],
    [1_729_596_153, '2024-10-22T11:22:33.000Z'],
    [1_729_596_153n, '2024-10-22T11:22:33.000Z'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
  ])('%s', (cell, iso) => {
    expect(decodeTime(cell)?.toISOString()).toBe(iso);
  });

  it.each([null, undefined, ''])(
    'takes %j for SQL NULL, which the wire turns into an empty text',
    (cell) => {
      expect(decodeTime(cell)).toBeUndefined();
    },
  );

  it.each([
    'yesterday',
    '2024-10-22 11:22:33 or so',
    true,
    Buffer.from('x'),
    Number.NaN,
    '2024-13-45',
  ])('refuses %s', (cell) => {
    expect(() => decodeTime(cell)).toThrow(TypeError);
  });

  it('knows the zero time', () => {
    const zero = decodeTime('0001-01-01 00:00:00+00:00');
    expect(zero !== undefined && isZeroTime(zero)).toBe(true);
  });

  it('returns what was written, for every time of the years 0 to 9999', () => {
    const years = {
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
    };
    fc.assert(
      fc.property(fc.date({ ...years, noInvalidDate: true }), (time) => {
        expect(decodeTime(encodeTime(time))).toEqual(time);
      }),
    );
  });
});
