/** Puts nodes in the order in which they should be promoted or demoted, by failure domain and weight. */
import type { NodeRole } from '../../values.js';
import { promotable, type MemberState, type RoleStep } from './cluster-state.js';

const byBigint = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Total order for nodes that are otherwise equal, so that every member decides alike. */
const byId = (a: MemberState, b: MemberState): number => byBigint(a.id, b.id);

/** How many of `nodes` are in each failure domain. */
export function countDomains(nodes: readonly MemberState[]): ReadonlyMap<bigint, number> {
  const counts = new Map<bigint, number>();
  for (const { failureDomain } of nodes) {
    counts.set(failureDomain, (counts.get(failureDomain) ?? 0) + 1);
  }
  return counts;
}

/**
 * Orders `candidates` for a promotion: nodes of a failure domain that none of the present holders
 * of the role is in come first, then those of lower weight (`spec/dqlite.md` C.5).
 */
export function orderForPromotion(
  candidates: readonly MemberState[],
  presentHolders: readonly MemberState[],
): readonly MemberState[] {
  const used = countDomains(presentHolders);
  const crowding = (node: MemberState): number => (used.has(node.failureDomain) ? 1 : 0);
  return [...candidates].sort(
    (a, b) => crowding(a) - crowding(b) || byBigint(a.weight, b.weight) || byId(a, b),
  );
}

/** The nodes that could vote beside `voters`, best first: stand-bys, which have the log already, before spares. */
export function votersToBe(
  members: readonly MemberState[],
  voters: readonly MemberState[],
): readonly MemberState[] {
  return [
    ...orderForPromotion(promotable(members, 'stand-by'), voters),
    ...orderForPromotion(promotable(members, 'spare'), voters),
  ];
}

/**
 * Orders `candidates` for a demotion: nodes of the failure domain with most holders of the role come
 * first, then those of higher weight.
 */
export function orderForDemotion(
  candidates: readonly MemberState[],
  presentHolders: readonly MemberState[],
): readonly MemberState[] {
  const counts = countDomains(presentHolders);
  const crowd = (node: MemberState): number => counts.get(node.failureDomain) ?? 0;
  return [...candidates].sort(
    (a, b) => crowd(b) - crowd(a) || byBigint(b.weight, a.weight) || byId(b, a),
  );
}

/** The change that gives `role` to one of `candidates`; no candidates, no change. */
export function stepOf(
  role: NodeRole,
  candidates: readonly MemberState[],
  reason: string,
): RoleStep | undefined {
  return candidates.length === 0 ? undefined : { role, candidates, reason };
}
