import { describe, expect, it } from 'vitest';
import { checkElections } from './elections.js';

describe('elections', () => {
  it.each([
    ['stall-follower', 0],
    ['stall-leader', 0],
    ['stall-leader', 1],
    ['crash-leader', 3],
  ])('%s may cost %d', (fault, elections) => {
    expect(checkElections([{ faults: [fault], elections }]).violations).toEqual([]);
  });

  it.each([
    ['stall-follower', 1],
    ['stall-leader', 2],
  ])('%s may not cost %d', (fault, elections) => {
    expect(checkElections([{ faults: [fault], elections }]).violations).toHaveLength(1);
  });

  it('of two faults at a time are nobody’s', () => {
    const moment = { faults: ['stall-follower', 'crash-leader'], elections: 2 };
    expect(checkElections([moment]).violations).toEqual([]);
  });
});
