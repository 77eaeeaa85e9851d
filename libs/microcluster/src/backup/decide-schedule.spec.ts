import { describe, expect, it } from 'vitest';
import { dueIn, scheduledName, surplus } from './decide-schedule.js';

const at = (text: string): number => Date.parse(text);
const HOUR = 3_600_000;
const settings = { intervalMs: HOUR, keep: 2 };
const name = (text: string): string => scheduledName(new Date(text));

describe('the schedule of backups', () => {
  it.each<[string, string[], number]>([
    ['at once where there is none', [], 0],
    ['at once beside other files', ['backup.mcb', 'notes.txt'], 0],
    ['an interval after the newest', [name('2026-01-01T00:00:00Z')], HOUR / 2],
    ['at once when the last one is long ago', [name('2025-01-01T00:00:00Z')], 0],
    [
      'at once when all are of a time before the clock was set back',
      [name('2026-02-01T00:00:00Z')],
      0,
    ],
    [
      'an interval after the newest that is not from the future',
      [name('2026-02-01T00:00:00Z'), name('2026-01-01T00:00:00Z')],
      HOUR / 2,
    ],
  ])('is due %s', (_when, names, expected) => {
    expect(dueIn(names, at('2026-01-01T00:30:00Z'), settings)).toBe(expected);
  });

  it('keeps the newest ones, and everything that it did not make', () => {
    const [first, second, third] = ['01', '02', '03'].map((day) =>
      name(`2026-01-${day}T10:11:12Z`),
    );
    const names = [third, 'backup-old.mcb', first, second, 'x'].map(String);
    expect(first).toBe('backup-2026-01-01T101112Z.mcb');
    expect(surplus(names, at('2026-01-03T10:11:12Z'), settings)).toEqual([first]);
    expect(surplus(names, at('2026-01-04T00:00:00Z'), { ...settings, keep: 5 })).toEqual([]);
  });

  it('never gives up a new backup for those that were made before the clock was set back', () => {
    const made = name('2026-01-01T00:30:00Z');
    const [older, newer] = ['2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z'].map(name);
    expect(
      surplus([made, older, newer].map(String), at('2026-01-01T00:30:00.500Z'), settings),
    ).toEqual([older]);
  });
});
