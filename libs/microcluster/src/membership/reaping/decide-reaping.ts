/** Which half-joined members and ghosts the leader takes out, decided from the records and how long they have been so. */
import type { NodeInfo } from '@microcluster/dqlite';
import type { MemberRow } from '../../database/index.js';
import { canonicalAddress, isZeroTime } from '../../types/index.js';

/** How long a suspect is left alone, milliseconds each. */
export interface ReapingLimits {
  /** In one of member table and dqlite only. */
  readonly absentMs: number;
  /** In both, but its join was never completed. */
  readonly unfinishedMs: number;
}

export interface ReapingInput {
  /** Address of the leader, which decides. */
  readonly self: string;
  readonly rows: readonly Pick<MemberRow, 'id' | 'name' | 'address' | 'heartbeat'>[];
  readonly nodes: readonly Pick<NodeInfo, 'id' | 'address'>[];
  /** Since when each suspect has been one, by key, milliseconds of a monotonic clock. */
  readonly since: ReadonlyMap<string, number>;
  readonly now: number;
  readonly limits: ReapingLimits;
}

/** One that does not belong, or that never finished to join. */
export interface Suspect {
  readonly key: string;
  readonly address: string;
  /** `undefined` for a node that is in no row. */
  readonly name: string | undefined;
  readonly nodeId: bigint | undefined;
}

export interface ReapingDecision {
  /** To be handed in at the next look. */
  readonly since: ReadonlyMap<string, number>;
  /** Whose time is over; a row among them is spared when its member is alive. */
  readonly due: readonly Suspect[];
}

/**
 * A row without any heartbeat belongs to a joiner that is under way, or that died; a member writes its first
 * heartbeat itself when its join is complete. A node without a row is what a failed join or an interrupted
 * removal left in dqlite. Pure.
 */
export function decideReaping(input: ReapingInput): ReapingDecision {
  const since = new Map<string, number>();
  const due: Suspect[] = [];
  for (const suspect of suspectsOf(input)) {
    const first = input.since.get(suspect.key) ?? input.now;
    since.set(suspect.key, first);
    if (input.now - first >= limitOf(suspect, input.limits)) due.push(suspect);
  }
  return { since, due };
}

/**
 * Whether a suspect is one still, by records that were read later: its join may have been completed meanwhile,
 * or its name and address belong to another joiner. Pure.
 */
export function isStillSuspect(
  { key }: Pick<Suspect, 'key'>,
  records: Pick<ReapingInput, 'self' | 'rows' | 'nodes'>,
): boolean {
  return [...suspectsOf(records)].some((suspect) => suspect.key === key);
}

function* suspectsOf({
  self,
  rows,
  nodes,
}: Pick<ReapingInput, 'self' | 'rows' | 'nodes'>): Generator<Suspect> {
  const own = canonicalAddress(self);
  const members = rows.map((row) => ({ ...row, address: canonicalAddress(row.address) }));
  const replicas = nodes.map((node) => ({ ...node, address: canonicalAddress(node.address) }));
  for (const { id, name, address, heartbeat } of members) {
    if (address === own || !isZeroTime(heartbeat)) continue;
    const nodeId = replicas.find((node) => node.address === address)?.id;
    yield { key: `row ${id}`, name, address, nodeId };
  }
  for (const { id, address } of replicas) {
    if (address === own || members.some((member) => member.address === address)) continue;
    yield { key: `node ${id}`, name: undefined, address, nodeId: id };
  }
}

/** One that is in both records gets the longer time: it is on its way. */
function limitOf({ name, nodeId }: Suspect, limits: ReapingLimits): number {
  return name !== undefined && nodeId !== undefined ? limits.unfinishedMs : limits.absentMs;
}
