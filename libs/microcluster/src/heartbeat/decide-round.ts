/** What a round of heartbeats does on the leader, decided from the member table, the roles and the clock (`spec/core-api.md` 17.2). */
import { PENDING, type MemberRow, type SchemaVersions } from '../database/index.js';
import type { TrustedMember } from '../trust/index.js';
import { canonicalAddress, type ClusterMember, type HeartbeatInfo } from '../types/index.js';

/** All that a round depends on. */
export interface RoundInput {
  /** This member. */
  readonly self: { readonly name: string; readonly address: string };
  /** The address that the trigger takes for the leader's. */
  readonly leaderAddress: string;
  /** Rows of the member table. */
  readonly rows: readonly MemberRow[];
  /** Roles by address, as the replication knows them. */
  readonly roles: ReadonlyMap<string, string>;
  readonly now: Date;
  /** Time between two rounds, milliseconds. */
  readonly intervalMs: number;
}

/** A member that takes part in a round, with the role that it has now. */
export interface RoundMember {
  readonly row: MemberRow;
  readonly role: string;
}

/** What to do. */
export type RoundDecision =
  /** The trigger is wrong; nothing may be changed. */
  | { readonly kind: 'refuse'; readonly reason: 'not-leader' | 'self-missing' }
  /** Nothing to do now. */
  | { readonly kind: 'skip'; readonly reason: 'nobody' | 'too-early' }
  | {
      readonly kind: 'round';
      /** The trust store's new content: every row. */
      readonly trust: readonly TrustedMember[];
      /** Everybody whose role is stored, this member included. */
      readonly members: readonly RoundMember[];
      /** Whom to send a heartbeat. */
      readonly recipients: readonly RoundMember[];
      /** `PENDING` members that have not reached the replication yet. */
      readonly absent: readonly MemberRow[];
      readonly maxInternal: number;
      readonly maxExternal: number;
      /** Present when another member runs a newer schema than the leader itself. */
      readonly newer?: SchemaVersions;
    };

/** Decides a round. Pure. */
export function decideRound(input: RoundInput): RoundDecision {
  const { self, rows, now, intervalMs } = input;
  const own = canonicalAddress(self.address);
  if (own === '' || canonicalAddress(input.leaderAddress) !== own)
    return { kind: 'refuse', reason: 'not-leader' };
  if (rows.length === 0 || input.roles.size === 0) return { kind: 'skip', reason: 'nobody' };
  const ownRow = rows.find((row) => row.name === self.name);
  if (ownRow === undefined) return { kind: 'refuse', reason: 'self-missing' };
  if (isYoung(ownRow.heartbeat, now, intervalMs)) return { kind: 'skip', reason: 'too-early' };

  const roles = new Map(
    [...input.roles].map(([address, role]) => [canonicalAddress(address), role]),
  );
  const roleOf = (row: MemberRow): string | undefined => roles.get(canonicalAddress(row.address));
  const absent = rows.filter((row) => row.role === PENDING && roleOf(row) === undefined);
  const members = rows
    .filter((row) => !absent.includes(row))
    .map((row): RoundMember => ({ row, role: roleOf(row) ?? '' }));
  const newest = newestSchema(rows);
  const newer = newerSchema(ownRow, rows);
  return {
    kind: 'round',
    trust: rows.map(trustedOf),
    members,
    recipients: members.filter(
      ({ row }) => row.name !== self.name && !isYoung(row.heartbeat, now, intervalMs),
    ),
    absent,
    maxInternal: newest.internal,
    maxExternal: newest.external,
    ...(newer !== undefined && { newer }),
  };
}

/** The versions that members run, where another one is ahead of `own`. Pure. */
export function newerSchema(
  own: Pick<MemberRow, 'schemaInternal' | 'schemaExternal'>,
  rows: readonly MemberRow[],
): SchemaVersions | undefined {
  const newest = newestSchema(rows);
  const isNewest = own.schemaInternal === newest.internal && own.schemaExternal === newest.external;
  return isNewest ? undefined : newest;
}

function newestSchema(rows: readonly MemberRow[]): SchemaVersions {
  return {
    internal: Math.max(...rows.map((row) => row.schemaInternal)),
    external: Math.max(...rows.map((row) => row.schemaExternal)),
  };
}

/** The body sent to every recipient of a round. */
export function heartbeatInfoOf(
  round: Extract<RoundDecision, { kind: 'round' }>,
  self: string,
  now: Date,
): HeartbeatInfo {
  const members = round.members.map(({ row, role }): [string, ClusterMember] => [
    row.address,
    {
      ...trustedOf(row),
      role,
      schema_internal_version: row.schemaInternal,
      schema_external_version: row.schemaExternal,
      last_heartbeat: row.name === self ? now : row.heartbeat,
      status: '',
      extensions: [...(row.extensions ?? [])],
      secret: '',
    },
  ]);
  return {
    begin_round: false,
    max_schema_internal: round.maxInternal,
    max_schema_external: round.maxExternal,
    cluster_members: Object.fromEntries(members),
    leader_address: '',
    dqlite_roles: {},
  };
}

/** A row as the trust store keeps it. */
export function trustedOf({ name, address, certificate }: MemberRow): TrustedMember {
  return { name, address, certificate };
}

/**
 * Whether a heartbeat is too recent for another. A tenth of the interval is forgiven, since the timer of
 * the next round may fire that early; a time in the future is another leader's wrong clock and counts as old.
 */
function isYoung(heartbeat: Date, now: Date, intervalMs: number): boolean {
  const age = now.getTime() - heartbeat.getTime();
  return age >= 0 && age < intervalMs * 0.9;
}
