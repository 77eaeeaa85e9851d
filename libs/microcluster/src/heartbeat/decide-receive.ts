/** Whether a received heartbeat is believed, and what the trust store becomes (`spec/core-api.md` 17.3, 17.4). */
import type { MemberRow, SchemaVersions } from '../database/index.js';
import type { TrustedMember } from '../trust/index.js';
import { canonicalAddress, type HeartbeatInfo } from '../types/index.js';
import { trustedOf } from './decide-round.js';

/** Who sent a heartbeat: the control socket of this machine, a trusted member, or anybody else. */
export type HeartbeatSender =
  | { readonly kind: 'local' }
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'stranger' };

/** All that the decision depends on. */
export interface ReceiveInput {
  /** Name of this member. */
  readonly self: string;
  readonly sender: HeartbeatSender;
  /** Address of the current leader as our own node knows it; `undefined`: there is none right now. */
  readonly leader: string | undefined;
  readonly info: HeartbeatInfo;
  /** Rows of the member table, read from the database itself. */
  readonly rows: readonly MemberRow[];
  /** The present content of the trust store. */
  readonly trusted: readonly TrustedMember[];
}

/** What to do with a heartbeat. */
export type ReceiveDecision =
  | { readonly kind: 'refuse'; readonly reason: ReceiveRefusal }
  | {
      readonly kind: 'accept';
      readonly trust: readonly TrustedMember[];
      /** Present when another member runs a newer schema than the one that our row names. */
      readonly newer?: SchemaVersions;
    };

/** Why a heartbeat is not believed; in every case nothing is changed. */
export type ReceiveRefusal =
  | 'not-authorized'
  | 'no-leader'
  | 'not-leader'
  | 'no-members'
  | 'self-missing'
  | 'sender-missing'
  | 'own-row-missing';

/**
 * Decides what a heartbeat does. Only the leader is believed, and it only says *whom* to trust: addresses
 * and certificates come from the database. A member that is trusted already and still in the table stays
 * trusted even when the list, made a moment ago, does not know it yet; one that left the table is dropped
 * even when the list still has it. Pure.
 */
export function decideReceive(input: ReceiveInput): ReceiveDecision {
  const { sender, rows, info } = input;
  if (sender.kind !== 'member') return refuse('not-authorized');
  if (input.leader === undefined) return refuse('no-leader');
  const senderRow = rows.find((row) => row.name === sender.name);
  if (senderRow === undefined) return refuse('not-leader');
  if (canonicalAddress(senderRow.address) !== canonicalAddress(input.leader))
    return refuse('not-leader');

  const listed = new Set(Object.values(info.cluster_members).map((member) => member.name));
  if (listed.size === 0) return refuse('no-members');
  if (!listed.has(input.self)) return refuse('self-missing');
  if (!listed.has(sender.name)) return refuse('sender-missing');
  const ownRow = rows.find((row) => row.name === input.self);
  if (ownRow === undefined) return refuse('own-row-missing');

  const known = new Set(input.trusted.map((member) => member.name));
  const trust = rows.filter((row) => listed.has(row.name) || known.has(row.name)).map(trustedOf);
  const newer = { internal: info.max_schema_internal, external: info.max_schema_external };
  const same = ownRow.schemaInternal === newer.internal && ownRow.schemaExternal === newer.external;
  return same ? { kind: 'accept', trust } : { kind: 'accept', trust, newer };
}

function refuse(reason: ReceiveRefusal): ReceiveDecision {
  return { kind: 'refuse', reason };
}
