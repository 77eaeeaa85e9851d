/** What role decisions are made from: the members as the leader sees them, and the numbers wanted. */
import type { NodeInfo, NodeRole } from '../../values.js';

/** A member with what a probe found out about it. */
export interface MemberState extends NodeInfo {
  /** It answered the probe in time. */
  readonly online: boolean;
  /** Nodes of one domain are expected to fail together (rack, host). Last known value when offline. */
  readonly failureDomain: bigint;
  /** Lower is promoted first, higher is demoted first. Last known value when offline. */
  readonly weight: bigint;
}

/** How many nodes are wanted in each role; the rest are spares. */
export interface RoleTargets {
  /** Odd, 3 or more. */
  readonly voters: number;
  /** 0 or more. */
  readonly standBys: number;
}

/** One change to try: give `role` to the first candidate for which it succeeds. */
export interface RoleStep {
  readonly role: NodeRole;
  /** Not empty, best first. */
  readonly candidates: readonly MemberState[];
  /** Why, for the log. */
  readonly reason: string;
}

/**
 * The weight that a node declares when it is about to stop. It comes last in every order, also for members of other
 * makes, and ours hand nothing over to it.
 */
export const LEAVING_WEIGHT = 2n ** 64n - 1n;

/** Whether a node is about to stop. */
export function isLeaving({ weight }: MemberState): boolean {
  return weight === LEAVING_WEIGHT;
}

/**
 * The online members that hold `role` and may be given more: another role, or leadership. A node that is about to stop
 * may not: it would take that with it, after a hand-over that has done its work already.
 */
export function promotable(
  members: readonly MemberState[],
  role: NodeRole,
): readonly MemberState[] {
  return onlineHolders(members, role).filter((member) => !isLeaving(member));
}

/** The majority of `voters` voters. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** The members that hold `role`. */
export function holders(members: readonly MemberState[], role: NodeRole): readonly MemberState[] {
  return members.filter((member) => member.role === role);
}

/** The members that hold `role` and answered the probe. */
export function onlineHolders(
  members: readonly MemberState[],
  role: NodeRole,
): readonly MemberState[] {
  return members.filter((member) => member.role === role && member.online);
}
