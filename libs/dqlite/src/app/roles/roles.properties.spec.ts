/** Drives the role decisions through random histories of joins, crashes, returns, hand-overs and removals. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeRole } from '../../values.js';
import { decideAdjust, type MemberState } from './index.js';
import { ClusterModel, type Event } from './cluster-model.fixture.js';

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      domain: fc.nat(3),
      weight: fc.nat(3),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'crash' as const,
        'return' as const,
        'leave' as const,
        'hand-over' as const,
        'remove' as const,
      ),
      pick: fc.nat(50),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
);

const targets = fc.record({ voters: fc.constantFrom(3, 5, 7), standBys: fc.nat(3) });

/** The cluster after a history; throws when the history broke an invariant. */
function after(
  wanted: { readonly voters: number; readonly standBys: number },
  events: readonly Event[],
): ClusterModel {
  const model = new ClusterModel(wanted);
  for (const action of events) model.apply(action);
  return model;
}

const roleCount = (members: readonly MemberState[], role: NodeRole): number =>
  members.filter((member) => member.role === role).length;

describe('role decisions, through random histories', () => {
  it('never lose a quorum, never demote the last voter, never loop', () => {
    fc.assert(
      fc.property(targets, fc.array(event, { maxLength: 60 }), (wanted, events) => {
        expect(after(wanted, events).members).not.toHaveLength(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('reach the wanted roles and stay there once everybody is online', () => {
    fc.assert(
      fc.property(targets, fc.array(event, { maxLength: 40 }), (wanted, events) => {
        const model = after(wanted, events);
        model.everybodyReturns();
        model.adjust();

        const size = model.members.length;
        const voters = size < 3 ? 1 : Math.min(wanted.voters, size);
        expect(roleCount(model.members, 'voter')).toBe(voters);
        fc.pre(size >= 3);
        const standBys = Math.min(wanted.standBys, size - voters);
        expect(roleCount(model.members, 'stand-by')).toBe(standBys);
        expect(domainsShareVoters(model.members)).toBe(true);
        expect(model.adjust(), 'a settled cluster is left alone').toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('do not depend on the order in which members are listed', () => {
    fc.assert(
      fc.property(
        targets,
        fc.array(event, { maxLength: 30 }),
        fc.infiniteStream(fc.nat(1000)),
        (wanted, events, random) => {
          const { members } = after(wanted, events);
          const shuffled = members
            .map((member) => ({ member, key: Number(random.next().value) }))
            .sort((a, b) => a.key - b.key)
            .map(({ member }) => member);

          expect(decideAdjust(shuffled, 1n, wanted)).toEqual(decideAdjust(members, 1n, wanted));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** Whether no failure domain is without a voter while another has several. */
function domainsShareVoters(members: readonly MemberState[]): boolean {
  const voters = new Map<bigint, number>();
  for (const { role, failureDomain } of members) {
    voters.set(failureDomain, (voters.get(failureDomain) ?? 0) + (role === 'voter' ? 1 : 0));
  }
  const counts = [...voters.values()];
  return !counts.includes(0) || counts.every((count) => count <= 1);
}
