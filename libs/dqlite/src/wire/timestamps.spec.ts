/** Times as Go writes and reads them (`spec/dqlite.md` A.4). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimestamp, parseTimestamp, timestampOfSeconds } from './timestamps.js';

describe('parseTimestamp', () => {
  it.each([
    ['2024-01-02', '2024-01-02T00:00:00.000Z'],
    ['2024-01-02 03:04', '2024-01-02T03:04:00.000Z'],
    ['2024-01-02T03:04', '2024-01-02T03:04:00.000Z'],
    ['2024-01-02 03:04:05', '2024-01-02T03:04:05.000Z'],
    ['2024-01-02 03:04:05.6', '2024-01-02T03:04:05.600Z'],
    ['2024-01-02 03:04:05.678901234', '2024-01-02T03:04:05.678Z'],
    ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05.000Z'],
    ['2024-01-02 03:04:05+01:30', '2024-01-02T01:34:05.000Z'],
    ['2024-01-02 03:04:05.5-05:00', '2024-01-02T08:04:05.500Z'],
    ['0050-01-01', '0050-01-01T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseTimestamp(text)).toEqual(new Date(expected));
  });

  it('reads the empty text as null, which is how NULL arrives', () => {
    expect(parseTimestamp('')).toBeNull();
  });

  it('leaves a text that is no time alone', () => {
    expect(parseTimestamp('tomorrow')).toBe('tomorrow');
  });

  it('reads what formatTimestamp writes', () => {
    const min = new Date('0000-01-01T00:00:00Z');
    const max = new Date('9999-12-31T23:59:59.999Z');
    fc.assert(
      fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
        expect(parseTimestamp(formatTimestamp(date))).toEqual(date);
      }),
    );
  });
});

describe('timestampOfSeconds', () => {
  it('keeps a number that no Date can hold', () => {
    expect(timestampOfSeconds(2n ** 60n)).toBe(2n ** 60n);
    expect(timestampOfSeconds(86_400)).toEqual(new Date('1970-01-02T00:00:00Z'));
  });
});
