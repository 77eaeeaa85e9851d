/** What the removal of a member would do to quorum and roles. Pure. */

/** A member as the table and the database show it. */
export interface PlannedMember {
  readonly name: string;
  readonly address: string;
  /** `voter`, `stand-by`, `spare`, `PENDING` or empty. */
  readonly role: string;
  readonly isOnline: boolean;
}

/** Roles that a cluster is kept at. */
const WANTED_VOTERS = 3;

/** The consequences of a removal. */
export interface RemovalPlan {
  /** Sentences for the operator, in the order of events. */
  readonly steps: readonly string[];
  /** What may go wrong; empty when nothing stands against it. */
  readonly warnings: readonly string[];
  readonly before: Quorum;
  readonly after: Quorum;
}

/** How many votes there are, how many of them answer, and how many it takes. */
export interface Quorum {
  readonly members: number;
  readonly voters: number;
  readonly online: number;
  readonly needed: number;
}

/**
 * Predicts a removal.
 *
 * @param leader address of the leader, where it is known
 * @throws Error when nobody is called `name`
 */
export function planRemoval(
  members: readonly PlannedMember[],
  name: string,
  leader: string | undefined,
): RemovalPlan {
  const target = members.find((member) => member.name === name);
  if (target === undefined) throw new Error(`No member is called "${name}"`);
  const rest = members.filter((member) => member !== target);
  const remaining = rest.filter(({ role }) => role === 'voter');
  const promoted = promotions(rest, WANTED_VOTERS - remaining.length);
  const before = quorumOf(members);
  const demoted = demotion(rest, leader);
  const roleAfter = (one: PlannedMember) => {
    if (promoted.includes(one)) return 'voter';
    return one === demoted ? 'spare' : one.role;
  };
  const after = quorumOf(rest.map((one) => ({ ...one, role: roleAfter(one) })));
  const steps = [
    ...(target.address === leader ? [`The leadership moves from ${name} to another voter.`] : []),
    ...(target.isOnline ? [`${name} runs its hook pre-remove.`] : []),
    `${name} (${target.role || 'no role'}) leaves the database, the member table and all trust stores.`,
    ...promoted.map((one) => `${one.name} becomes a voter instead of ${one.role || 'nothing'}.`),
    ...(demoted === undefined
      ? []
      : [`${demoted.name} gives up its vote: two members have one voter.`]),
    ...(target.isOnline ? [`${name} forgets its state and is not initialised afterwards.`] : []),
    `Voters: ${before.voters} before, ${after.voters} after; ${after.needed} must answer to decide, ${after.online} do now.`,
  ];
  return { steps, warnings: warningsOf(members, target, rest, before, after), before, after };
}

function warningsOf(
  members: readonly PlannedMember[],
  target: PlannedMember,
  rest: readonly PlannedMember[],
  before: Quorum,
  after: Quorum,
): string[] {
  const warnings: string[] = [];
  if (rest.length === 0) {
    return [
      `${target.name} is the only member and cannot be removed; to start over, stop its daemon and delete its state.`,
    ];
  }
  if (before.online < before.needed) {
    const down = members.filter((one) => one.role === 'voter' && !one.isOnline);
    warnings.push(
      `The removal cannot be decided now: ${before.online} of ${before.voters} voters answer, ${before.needed} must; start ${down.map((one) => one.name).join(', ')} first.`,
    );
  }
  if (!target.isOnline) {
    warnings.push(
      `${target.name} does not answer, so the removal needs --force, and its hook pre-remove does not run.`,
    );
  }
  if (after.online < after.needed) {
    warnings.push(
      `Afterwards only ${after.online} of ${after.voters} voters answer, and ${after.needed} must: the cluster stops.`,
    );
  } else if (after.online === after.needed && after.members > 1) {
    warnings.push('Afterwards the failure of one more voter stops the cluster.');
  } else if (rest.length === 1) {
    warnings.push('Afterwards one member is left; its failure stops the cluster.');
  }
  return warnings;
}

/** Who gets a vote: those that answer, stand-bys first. A cluster of two keeps one voter. */
function promotions(rest: readonly PlannedMember[], missing: number): PlannedMember[] {
  const hasVoter = rest.some(({ role }) => role === 'voter');
  const wanted = rest.length === 2 && hasVoter ? 0 : missing;
  const rank = ({ role }: PlannedMember) => (role === 'stand-by' ? 0 : 1);
  return rest
    .filter(({ role, isOnline }) => isOnline && (role === 'stand-by' || role === 'spare'))
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, Math.max(0, wanted));
}

/** Of two voters that are left alone, one gives up its vote: not the leader, and not the only one that answers. */
function demotion(
  rest: readonly PlannedMember[],
  leader: string | undefined,
): PlannedMember | undefined {
  const voters = rest.filter(({ role }) => role === 'voter');
  if (rest.length !== 2 || voters.length !== 2) return undefined;
  const able = voters.filter(
    (one) => one.address !== leader && voters.some((other) => other !== one && other.isOnline),
  );
  return able.find(({ isOnline }) => !isOnline) ?? able[0];
}

function quorumOf(members: readonly PlannedMember[]): Quorum {
  const voters = members.filter(({ role }) => role === 'voter');
  return {
    members: members.length,
    voters: voters.length,
    online: voters.filter(({ isOnline }) => isOnline).length,
    needed: Math.floor(voters.length / 2) + 1,
  };
}
