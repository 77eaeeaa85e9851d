import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOf } from './fault-of.fixture.js';
import { isInvalidValueError } from './invalid-value-error.js';
import { formatTime, isZeroTime, parseTime, zeroTime } from './time.js';

describe('parseTime', () => {
  it.each([
    ['2024-10-22T11:22:33.123456789Z', '2024-10-22T11:22:33.123Z'],
    ['2024-10-22T11:22:33+02:00', '2024-10-22T09:22:33.000Z'],
    ['2024-10-22T11:22:33.5-00:30', '2024-10-22T11:52:33.500Z'],
    ['2024-02-29t00:00:00z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseTime(text).toISOString()).toBe(expected);
  });

  it('reads and writes the zero time', () => {
    expect(isZeroTime(parseTime('0001-01-01T00:00:00Z'))).toBe(true);
    expect(formatTime(zeroTime())).toBe('0001-01-01T00:00:00Z');
    expect(isZeroTime(new Date(0))).toBe(false);
  });

  it.each([
    '',
    'never',
    '2024-10-22',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01 00:00:00Z',
    '2024-01-01T00:00:00.Z',
    // Their zones lead to years that nobody could read back.
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
  ])('refuses %j', (text) => {
    expect(() => parseTime(text)).toThrow(`Invalid time "${text}"`);
  });

  it('reads what formatTime writes, and drops trailing zeros', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        const text = formatTime(date);
        expect(parseTime(text)).toEqual(date);
        expect(text).not.toMatch(/\.\d*0Z|\.Z/);
      }),
    );
  });

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9TZ:.+-]{0,40}$/)), (text) => {
        const fault = faultOf(() => parseTime(text));
        expect(fault === undefined || isInvalidValueError(fault)).toBe(true);
      }),
    );
  });
});
