/** What happened between two looks at the cluster. Pure: no I/O and no clock. */
import { PENDING, type MemberRow } from '../database/index.js';
import { canonicalAddress, isZeroTime } from '../types/index.js';
import type { EventDraft } from './event-draft.js';

/** After this many rounds of heartbeats that a member has not answered, it is offline. */
const MISSED_ROUNDS = 2;

/** One look at the cluster. */
export interface Observation {
  readonly time: Date;
  /** Name of this member, which reports what happens to itself where it knows better than the table. */
  readonly self: string;
  /** Time between two rounds of heartbeats, milliseconds. */
  readonly intervalMs: number;
  /** Address of the leader; `undefined` when there is none. */
  readonly leader: string | undefined;
  /** Roles by address, as the leader knows them; `undefined` when nobody could tell. */
  readonly roles: ReadonlyMap<string, string> | undefined;
  /** The member table; `undefined` when it could not be read. */
  readonly rows: readonly ObservedRow[] | undefined;
}

/** What is looked at in a row of the member table. */
export interface ObservedRow extends Pick<
  MemberRow,
  'id' | 'name' | 'address' | 'role' | 'heartbeat' | 'schemaInternal' | 'schemaExternal'
> {
  /** SHA-256 of the member's server certificate. */
  readonly fingerprint: string;
}

/** A member as the last look left it. */
export interface KnownMember extends ObservedRow {
  readonly online: boolean;
  /** Rounds since it answered last. */
  readonly missed: number;
}

/** Who leads, under the name by which it was reported. */
export interface KnownLeader {
  readonly address: string;
  /** Its address where the table had no such member; it may also have left the table since. */
  readonly name: string;
}

/** What is known after a look. */
export interface ClusterView {
  readonly leader: KnownLeader | undefined;
  readonly members: ReadonlyMap<string, KnownMember>;
}

/** What a look adds up to. */
export interface Outcome {
  readonly view: ClusterView | undefined;
  readonly events: readonly EventDraft[];
}

/**
 * Compares a look with what was known. The first one that could read the member table is where a member
 * begins to report, and yields nothing.
 *
 * Whether a member is offline is counted in rounds, by the leader's own row: a clock that differs between
 * two leaders, or a time without any leader, takes nobody offline.
 */
export function decideEvents(before: ClusterView | undefined, seen: Observation): Outcome {
  if (before === undefined) return { view: begin(seen), events: [] };
  const events: EventDraft[] = [];
  const members = seen.rows === undefined ? before.members : compare(before, seen, events);
  const leader = leaderOf(seen, before.leader, members, before.members);
  if (leader?.address !== before.leader?.address) {
    const from = before.leader?.name ?? null;
    const to = leader?.name ?? null;
    const member = to ?? from ?? '';
    events.push({ type: 'leader-changed', time: seen.time, member, from, to });
  }
  return { view: { leader, members }, events };
}

function begin(seen: Observation): ClusterView | undefined {
  const rows = joinedRows(seen);
  if (rows === undefined) return undefined;
  const latest = Math.max(...rows.map((row) => row.heartbeat.getTime()));
  const round = leaderRow(seen, rows)?.heartbeat.getTime() ?? latest;
  const members = rows.map((row): [string, KnownMember] => {
    // There is no history to count rounds in, so here alone the times are compared.
    const online = round - row.heartbeat.getTime() < MISSED_ROUNDS * seen.intervalMs;
    return [row.name, { ...row, online, missed: online ? 0 : MISSED_ROUNDS }];
  });
  const byName = new Map(members);
  return { leader: leaderOf(seen, undefined, byName), members: byName };
}

/** Compares the tables; adds to `events`. */
function compare(
  before: ClusterView,
  seen: Observation,
  events: EventDraft[],
): ReadonlyMap<string, KnownMember> {
  const { time } = seen;
  const rows = joinedRows(seen) ?? [];
  const ids = new Set(rows.map((row) => row.id));
  for (const { id, name, address, role } of before.members.values()) {
    if (!ids.has(id)) events.push({ type: 'member-left', time, member: name, address, role });
  }
  const isNewRound = roundHasPassed(before, seen, rows);
  const members = rows.map((row): [string, KnownMember] => {
    const known = before.members.get(row.name);
    if (known?.id === row.id) return [row.name, follow(known, row, isNewRound, seen, events)];
    const { name, address, role } = row;
    events.push({ type: 'member-joined', time, member: name, address, role });
    return [name, { ...row, online: true, missed: 0 }];
  });
  return new Map(members);
}

function follow(
  known: KnownMember,
  row: ObservedRow,
  isNewRound: boolean,
  { time, self }: Observation,
  events: EventDraft[],
): KnownMember {
  const member = row.name;
  // A role that is not known now is no change of it.
  const role = row.role === '' ? known.role : row.role;
  if (role !== known.role && known.role !== '') {
    events.push({ type: 'role-changed', time, member, from: known.role, to: role });
  }
  if (row.fingerprint !== known.fingerprint) {
    const [from, to] = [known.fingerprint, row.fingerprint];
    events.push({ type: 'certificate-updated', time, member, certificate: 'server', from, to });
  }
  // This member's own upgrade is reported when its database opens.
  if (member !== self && isUpgraded(known, row)) {
    const [from, to] = [versionsOf(known), versionsOf(row)];
    events.push({ type: 'schema-upgraded', time, member, from, to });
  }
  const missed = missedRounds(known, row, isNewRound);
  const online = missed === 0 || (known.online && missed < MISSED_ROUNDS);
  if (online !== known.online) {
    const type = online ? 'member-online' : 'member-offline';
    events.push({ type, time, member, last_heartbeat: row.heartbeat });
  }
  return { ...row, role, online, missed };
}

function missedRounds(known: KnownMember, row: ObservedRow, isNewRound: boolean): number {
  if (row.heartbeat.getTime() !== known.heartbeat.getTime()) return 0;
  return isNewRound ? known.missed + 1 : known.missed;
}

/** The leader stamps its own row in every round, in the same transaction as those of all who answered. */
function roundHasPassed(
  before: ClusterView,
  seen: Observation,
  rows: readonly ObservedRow[],
): boolean {
  const now = leaderRow(seen, rows);
  const then = now === undefined ? undefined : before.members.get(now.name);
  if (now === undefined || then === undefined) return false;
  return now.heartbeat.getTime() !== then.heartbeat.getTime();
}

/**
 * The rows of members that have joined, with the roles of now. One that is still joining is in the table,
 * but has neither a role from a round nor shown a sign of life; its join may yet be undone. This member itself
 * looks around only once it belongs to the cluster, also before the first round after its bootstrap.
 */
function joinedRows({ self, rows, roles }: Observation): ObservedRow[] | undefined {
  const roleAt = new Map(
    [...(roles ?? [])].map(([address, role]) => [canonicalAddress(address), role]),
  );
  return rows
    ?.filter((row) => row.role !== PENDING || !isZeroTime(row.heartbeat) || row.name === self)
    .map((row) => {
      const stored = row.role === PENDING ? '' : row.role;
      return { ...row, role: roleAt.get(canonicalAddress(row.address)) ?? stored };
    });
}

function leaderRow({ leader }: Observation, rows: readonly ObservedRow[]): ObservedRow | undefined {
  if (leader === undefined) return undefined;
  const wanted = canonicalAddress(leader);
  return rows.find((row) => canonicalAddress(row.address) === wanted);
}

function leaderOf(
  seen: Observation,
  before: KnownLeader | undefined,
  ...tables: readonly ReadonlyMap<string, KnownMember>[]
): KnownLeader | undefined {
  if (seen.leader === undefined) return undefined;
  const address = canonicalAddress(seen.leader);
  if (before?.address === address) return before;
  const row = leaderRow(
    seen,
    tables.flatMap((table) => [...table.values()]),
  );
  return { address, name: row?.name ?? address };
}

function versionsOf({ schemaInternal, schemaExternal }: ObservedRow) {
  return { internal: schemaInternal, external: schemaExternal };
}

function isUpgraded(from: ObservedRow, to: ObservedRow): boolean {
  return to.schemaInternal > from.schemaInternal || to.schemaExternal > from.schemaExternal;
}
