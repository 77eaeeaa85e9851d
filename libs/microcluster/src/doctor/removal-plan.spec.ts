import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRemoval, type PlannedMember } from './removal-plan.js';

const member = (number: number, role = 'voter', isOnline = true): PlannedMember => ({
  name: `c${number}`,
  address: `10.0.0.${number}:1`,
  role,
  isOnline,
});

describe('the plan of a removal', () => {
  it('promotes a stand-by in the place of a voter', () => {
    const members = [member(1), member(2), member(3), member(4, 'spare'), member(5, 'stand-by')];
    const plan = planRemoval(members, 'c2', '10.0.0.2:1');
    expect(plan.steps).toEqual([
      'The leadership moves from c2 to another voter.',
      'c2 runs its hook pre-remove.',
      'c2 (voter) leaves the database, the member table and all trust stores.',
      'c5 becomes a voter instead of stand-by.',
      'c2 forgets its state and is not initialised afterwards.',
      'Voters: 3 before, 3 after; 2 must answer to decide, 3 do now.',
    ]);
    expect(plan.warnings).toEqual([]);
  });

  it('leaves one voter of two members', () => {
    const plan = planRemoval([member(1), member(2), member(3)], 'c3', '10.0.0.1:1');
    expect(plan.steps).toContain('c2 gives up its vote: two members have one voter.');
    expect(plan.after).toEqual({ members: 2, voters: 1, online: 1, needed: 1 });
    expect(plan.warnings).toEqual(['Afterwards the failure of one more voter stops the cluster.']);
  });

  it('gives the vote to the last member', () => {
    const plan = planRemoval([member(1), member(2, 'spare')], 'c1', '10.0.0.1:1');
    expect(plan.after).toEqual({ members: 1, voters: 1, online: 1, needed: 1 });
    expect(plan.warnings).toEqual([
      'Afterwards one member is left; its failure stops the cluster.',
    ]);
  });

  it('warns of a member that does not answer, and of a removal that nobody can decide', () => {
    const members = [member(1), member(2, 'voter', false), member(3, 'voter', false)];
    expect(planRemoval(members, 'c3', undefined).warnings).toEqual([
      'The removal cannot be decided now: 1 of 3 voters answer, 2 must; start c2, c3 first.',
      'c3 does not answer, so the removal needs --force, and its hook pre-remove does not run.',
      'Afterwards the failure of one more voter stops the cluster.',
    ]);
  });

  it('refuses the only member, and an unknown one', () => {
    expect(planRemoval([member(1)], 'c1', undefined).warnings).toEqual([
      expect.stringContaining('is the only member'),
    ]);
    expect(() => planRemoval([member(1)], 'c9', undefined)).toThrow('No member is called "c9"');
  });

  it('never counts more votes than members, nor more voters than three without being told to', () => {
    const role = fc.constantFrom('voter', 'stand-by', 'spare', 'PENDING', '');
    const members = fc
      .array(fc.tuple(role, fc.boolean()), { minLength: 1, maxLength: 9 })
      .map((list) => list.map(([of, isOnline], at) => member(at, of, isOnline)));
    fc.assert(
      fc.property(members, fc.nat(), (list, pick) => {
        const target = list[pick % list.length]?.name ?? '';
        const { before, after } = planRemoval(list, target, undefined);
        expect(after.members).toBe(before.members - 1);
        expect(after.voters).toBeLessThanOrEqual(Math.max(3, before.voters));
        expect(after.online).toBeLessThanOrEqual(after.voters);
        expect(after.voters).toBeLessThanOrEqual(after.members);
      }),
    );
  });
});
