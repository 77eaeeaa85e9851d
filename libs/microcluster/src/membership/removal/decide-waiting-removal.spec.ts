import { describe, expect, it } from 'vitest';
import { refuseWaitingRemoval } from './decide-waiting-removal.js';

const lost = { name: 'c3', force: true, hasRow: true, blockedBy: ['c3'], isReachable: false };

describe('a removal while the database waits for an upgrade', () => {
  it.each([
    ['takes a member by force that is waited for and lost', {}],
    ['goes on where an interrupted one has deleted the row', { hasRow: false, blockedBy: ['c2'] }],
  ])('%s', (_what, differences) => {
    expect(refuseWaitingRemoval({ ...lost, ...differences })).toBeUndefined();
  });

  it.each([
    ['a member that holds up nothing', { blockedBy: ['c2'] }, /does not hold it up/],
    ['one that is running and could be upgraded', { isReachable: true }, /upgrade it, or stop/],
    ['a lost one without force', { force: false }, /only be removed by force/],
  ])('refuses %s', (_what, differences, reason) => {
    expect(refuseWaitingRemoval({ ...lost, ...differences })).toMatch(reason);
  });
});
