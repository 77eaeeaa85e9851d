/** When a node may believe that it was removed. */
import { describe, expect, it } from 'vitest';
import { observeAbsence, type Absence } from './absence.js';

describe('absence from the leader list', () => {
  it.each([
    [[[0, true]], false, 'it is listed'],
    [[[0, false]], false, 'one look proves nothing'],
    [
      [
        [0, false],
        [999, false],
      ],
      false,
      'an old leader may still be talking',
    ],
    [
      [
        [0, false],
        [1000, false],
      ],
      true,
      'no leader lists it any more',
    ],
    [
      [
        [0, false],
        [900, true],
        [1000, false],
        [1900, false],
      ],
      false,
      'it was listed in between',
    ],
  ] as const)('%j -> removed: %s (%s)', (looks, expected, _why) => {
    let absence: Absence;
    let isRemoved = false;
    for (const [now, isListed] of looks) {
      ({ absence, isRemoved } = observeAbsence(absence, isListed, now, { graceMs: 1000 }));
    }
    expect(isRemoved).toBe(expected);
  });
});
