/** From the doctor's facts to the plan of a removal. */
import { sameAddress } from '../types/address.js';
import type { Facts } from './facts.js';
import { planRemoval, type PlannedMember, type RemovalPlan } from './removal-plan.js';
import { answers, nodesOf, reportersOf } from './views.js';

/**
 * Predicts what the removal of the member called `name` would do.
 *
 * @throws Error when the member table cannot be read, or has no such member
 */
export function planRemovalBy(facts: Facts, name: string): RemovalPlan {
  if (facts.table === undefined) {
    throw new Error(
      `The removal of "${name}" cannot be planned: no member can read the member table; run microctl doctor`,
    );
  }
  const nodes = nodesOf(facts);
  const leader = reportersOf(facts)
    .map(({ report }) => report.leader)
    .find((address) => address !== '');
  const members = facts.table.map((row): PlannedMember => {
    const asked = facts.members.find(({ address }) => sameAddress(address, row.address));
    const wasAsked = asked !== undefined && asked.answer.kind !== 'not-asked';
    return {
      name: row.name,
      address: row.address,
      // The table has the roles of the last round, the database those of now.
      role: nodes?.find(({ address }) => sameAddress(address, row.address))?.role ?? row.role,
      isOnline: wasAsked ? answers(asked) : row.status === 'ONLINE',
    };
  });
  return planRemoval(members, name, leader);
}
