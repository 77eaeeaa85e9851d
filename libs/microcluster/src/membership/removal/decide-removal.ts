/** Which member a removal means and whether it may go: decided from the three records, without I/O (`spec/core-api.md` 16.1, 16.2). */
import type { NodeInfo } from '@microcluster/dqlite';
import { PENDING, type MemberRow } from '../../database/index.js';
import type { TrustedMember } from '../../trust/index.js';
import { canonicalAddress } from '../../types/index.js';
import type { RemovalRecord } from './removals-table.js';

/** What the decision depends on, read on the leader. */
export interface RemovalInput {
  readonly name: string;
  /** The address given with the request, for a member that only the replication knows. */
  readonly address: string | undefined;
  /** Address of the leader, which decides. */
  readonly self: string;
  readonly rows: readonly Pick<MemberRow, 'name' | 'address' | 'role'>[];
  readonly trusted: readonly Pick<TrustedMember, 'name' | 'address'>[];
  readonly nodes: readonly Pick<NodeInfo, 'id' | 'address'>[];
  /** An earlier removal of this name. */
  readonly record: RemovalRecord | undefined;
}

/** Who is to be removed, and what is known of it. */
export interface RemovalTarget {
  readonly name: string;
  readonly address: string;
  readonly nodeId: bigint | undefined;
  /** An earlier attempt has taken irreversible steps: what is gone already is no error. */
  readonly isRepeated: boolean;
}

/** What to do. */
export type RemovalDecision =
  | { readonly kind: 'refuse'; readonly status: number; readonly reason: string }
  /** An earlier request has done all of it. */
  | { readonly kind: 'done' }
  /** The leader is meant: another one has to lead first, and is then asked. */
  | { readonly kind: 'step-down' }
  | { readonly kind: 'remove'; readonly target: RemovalTarget };

/** Decides a removal. Pure. */
export function decideRemoval(input: RemovalInput): RemovalDecision {
  const { name, rows, nodes } = input;
  const open = input.record?.isDone === false ? input.record : undefined;
  const known = addressOf(input, open);
  const given = input.address === undefined ? undefined : canonicalAddress(input.address);
  if (known === undefined && given === undefined) {
    if (input.record?.isDone === true) return { kind: 'done' };
    const reason = `Cluster member "${name}" not found in truststore; please provide a node address`;
    return refuse(404, reason);
  }
  if (known !== undefined && given !== undefined && given !== known) {
    const reason = `Provided address "${given}" does not match address "${known}" of cluster member "${name}"`;
    return refuse(400, reason);
  }
  const address = known ?? given ?? '';
  const node = nodes.find((candidate) => canonicalAddress(candidate.address) === address);
  const row = rows.find((candidate) => canonicalAddress(candidate.address) === address);
  if (row !== undefined && row.name !== name) {
    const reason = `Provided address "${address}" does not match cluster member "${name}": it belongs to "${row.name}"`;
    return refuse(400, reason);
  }
  if (known === undefined && node === undefined) {
    if (input.record?.isDone === true) return { kind: 'done' };
    const reason = `Address "${address}" of cluster member "${name}" not found in dqlite or database`;
    return refuse(404, reason);
  }
  if (!rows.some((candidate) => isSettled(candidate, nodes))) {
    const reason = 'Cannot remove cluster members, there are no remaining non-pending members';
    return refuse(500, reason);
  }
  const isSelf = address === canonicalAddress(input.self);
  if (nodes.length < 2 && (node !== undefined || isSelf)) {
    return refuse(500, `Cannot leave a cluster with ${nodes.length} members`);
  }
  if (isSelf) return { kind: 'step-down' };
  const target = {
    name,
    address,
    nodeId: node?.id ?? open?.nodeId,
    isRepeated: open !== undefined,
  };
  return { kind: 'remove', target };
}

/** The table is the authority; the trust store and an open removal serve where it has forgotten the member. */
function addressOf(
  { name, rows, trusted }: RemovalInput,
  open: RemovalRecord | undefined,
): string | undefined {
  const found =
    rows.find((row) => row.name === name) ?? open ?? trusted.find((member) => member.name === name);
  return found === undefined ? undefined : canonicalAddress(found.address);
}

/** Right after its bootstrap a member is still called pending, although it carries the cluster. */
function isSettled(
  row: Pick<MemberRow, 'address' | 'role'>,
  nodes: readonly Pick<NodeInfo, 'address'>[],
): boolean {
  const address = canonicalAddress(row.address);
  return row.role !== PENDING || nodes.some((node) => canonicalAddress(node.address) === address);
}

function refuse(status: number, reason: string): RemovalDecision {
  return { kind: 'refuse', status, reason };
}
