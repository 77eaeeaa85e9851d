/** Builds members for tests of role decisions, from a compact notation, and applies decisions to them. */
import type { NodeRole } from '../../values.js';
import { LEAVING_WEIGHT, type MemberState } from './cluster-state.js';

const ROLES: Record<string, NodeRole> = { v: 'voter', s: 'stand-by', p: 'spare' };

/**
 * Members from words such as `v1`, `s2-`, `p3@7`, `v4*9`: role (`v` voter, `s` stand-by, `p` spare), id,
 * then `-` for offline, `@n` for the failure domain and `*n` for the weight, `*!` for that of one that is about to stop.
 */
export function members(text: string): MemberState[] {
  return text.split(' ').map((word) => {
    const match = /^([vsp])(\d+)(-?)(?:@(\d+))?(?:\*(\d+|!))?$/.exec(word);
    if (match === null) throw new Error(`not a member: ${word}`);
    const [, letter = '', id = '', offline, domain, weight] = match;
    const role = ROLES[letter];
    if (role === undefined) throw new Error(`not a role: ${letter}`);
    return {
      id: BigInt(id),
      address: `10.0.0.${id}:9000`,
      role,
      online: offline !== '-',
      failureDomain: BigInt(domain ?? 0),
      weight: weight === '!' ? LEAVING_WEIGHT : BigInt(weight ?? 0),
    };
  });
}

/** The members after `id` was given `role`. */
export function assigned(
  before: readonly MemberState[],
  id: bigint,
  role: NodeRole,
): MemberState[] {
  return before.map((member) => (member.id === id ? { ...member, role } : member));
}

/** A step as text: `voter<-2,3`. */
export function stepText(
  step: { readonly role: NodeRole; readonly candidates: readonly MemberState[] } | undefined,
): string {
  if (step === undefined) return 'nothing';
  return `${step.role}<-${step.candidates.map(({ id }) => id).join(',')}`;
}
