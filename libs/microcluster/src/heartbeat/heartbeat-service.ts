/** Heartbeats of this member: begins rounds while it leads, and follows those of the leader (`spec/core-api.md` 17). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { MembersTable, SchemaVersions, TokensTable } from '../database/index.js';
import { isMicroclusterError } from '../errors/index.js';
import { runWithin } from '../hooks/hook-limit.js';
import type { RoleChange } from '../hooks/lifecycle-hooks.js';
import type { TrustedMember } from '../trust/index.js';
import type { HeartbeatInfo } from '../types/index.js';
import { decideReceive, type HeartbeatSender } from './decide-receive.js';
import {
  decideRound,
  heartbeatInfoOf,
  newerSchema,
  trustedOf,
  type RoundMember,
} from './decide-round.js';
import { refusedHeartbeat, refusedRound } from './heartbeat-errors.js';
import { trustFromTable } from './trust-from-table.js';

/** The core tables, bound to one connection or transaction. */
export interface HeartbeatTables {
  readonly members: MembersTable;
  readonly tokens: TokensTable;
}

/** Roles before and after a round, by member name. */
type RoleChanges = ReadonlyMap<string, RoleChange>;

/** What the service needs of the daemon. */
export interface HeartbeatDependencies {
  /** Time between two rounds, milliseconds. */
  readonly intervalMs: number;
  /** This member as it is known now. */
  readonly self: () => { readonly name: string; readonly address: string };
  /** The member and token tables; both methods reject while there is no database. */
  readonly records: {
    read<T>(work: (tables: HeartbeatTables) => Promise<T>): Promise<T>;
    write<T>(work: (tables: HeartbeatTables) => Promise<T>): Promise<T>;
  };
  /** The trust store. */
  readonly trust: {
    list(): readonly TrustedMember[];
    replace(members: readonly TrustedMember[]): Promise<void>;
  };
  /** Address of the current leader as this member's own node knows it. */
  readonly leader: (signal: AbortSignal) => Promise<string | undefined>;
  /** Sends a heartbeat to the member at `address`; rejects unless it was accepted. */
  readonly send: (address: string, info: HeartbeatInfo, signal: AbortSignal) => Promise<unknown>;
  /** The machine's time, which is what the table stores. */
  readonly now: () => Date;
  /** Milliseconds of a clock that nobody sets, for durations. Default: that of the process. */
  readonly monotonicMs?: () => number;
  /**
   * The hook `heartbeat`: called on the leader after each round with every member's role before and after it, and
   * waited for until it ends, but no longer than two intervals.
   */
  readonly onRound?: (roles: RoleChanges, signal: AbortSignal) => Promise<void>;
  /** Called when the cluster runs a newer schema than this member; returns at once (`spec/core-api.md` 17.5). */
  readonly onNewerSchema?: (newest: SchemaVersions) => void;
  /** Called on the other members after each heartbeat that was believed. */
  readonly onReceived?: () => void;
  /** Told about things that an operator would act on. */
  readonly logger: { warn(event: object): void };
  /** How long one member may take to answer, milliseconds. Default: the interval, at least 2,000. */
  readonly sendTimeoutMs?: number;
}

/** A trigger of a round: what the replication's background loop has found. */
export interface RoundTrigger {
  /** The address that is taken for the leader's. */
  readonly leaderAddress: string;
  /** Roles by address. */
  readonly roles: ReadonlyMap<string, string>;
}

/** So many heartbeats may fail to come before something is wrong. */
const MISSED_HEARTBEATS = 3;
/** So many intervals the hook may take (`spec/core-api.md` 17.1). */
const HOOK_INTERVALS = 2;

/** What became of a trigger. */
export type RoundOutcome = 'done' | 'nobody' | 'too-early' | 'running';

export class HeartbeatService {
  private readonly closing = new AbortController();
  private running: Promise<RoundOutcome> | undefined;
  /** By the monotonic clock. */
  private last: number | undefined;
  private readonly startedAt: number;
  private readonly monotonicMs: () => number;

  constructor(private readonly deps: HeartbeatDependencies) {
    this.monotonicMs = deps.monotonicMs ?? (() => performance.now());
    this.startedAt = this.monotonicMs();
  }

  /**
   * Milliseconds since this member completed a round, or accepted a heartbeat of the leader; `undefined` before
   * the first.
   */
  get heartbeatAgeMs(): number | undefined {
    return this.last === undefined ? undefined : this.monotonicMs() - this.last;
  }

  /**
   * Handles `POST /core/internal/heartbeat`.
   *
   * @param sender who the access decision found at the other end.
   * @throws MicroclusterError 403 for anybody but the leader (a begin: but the control socket), 503 without
   *   a leader, 400 for a list that lacks this member or the sender, 404 when our own row is gone. The trust
   *   store is unchanged then.
   */
  async handle(info: HeartbeatInfo, sender: HeartbeatSender, signal: AbortSignal): Promise<void> {
    if (!info.begin_round) return this.receive(info, sender, signal);
    if (sender.kind !== 'local') throw refusedRound('not-local');
    const roles = new Map(Object.entries(info.dqlite_roles));
    await this.beginRound({ leaderAddress: info.leader_address, roles }, signal);
  }

  /**
   * Does one round. While one is running, another trigger does nothing.
   *
   * @throws MicroclusterError when this member is not the leader or not in the member table, and whatever
   *   the database or the hook rejects with.
   */
  async beginRound(trigger: RoundTrigger, signal: AbortSignal): Promise<RoundOutcome> {
    if (this.running !== undefined) return 'running';
    const round = this.round(trigger, AbortSignal.any([signal, this.closing.signal]));
    this.running = round;
    try {
      return await round;
    } finally {
      this.running = undefined;
    }
  }

  /**
   * To be called now and then on a member that does not lead. Where no heartbeat was accepted for a while,
   * trust follows the table itself, see {@link trustFromTable}, and so does the notice of a newer schema: a leader
   * that waits for an upgrade sends no heartbeats.
   */
  async missHeartbeats(): Promise<void> {
    const { deps } = this;
    const silence = this.monotonicMs() - (this.last ?? this.startedAt);
    if (silence < MISSED_HEARTBEATS * deps.intervalMs) return;
    const rows = await deps.records.read(({ members }) => members.list());
    const { name } = deps.self();
    await trustFromTable(name, rows, deps.trust);
    const own = rows.find((row) => row.name === name);
    const newer = own === undefined ? undefined : newerSchema(own, rows);
    if (newer !== undefined) deps.onNewerSchema?.(newer);
  }

  /** Ends a running round, whose hook is no longer waited for, and begins no more. */
  async close(): Promise<void> {
    this.closing.abort(
      new DOMException('Heartbeats stopped because the database is closing', 'AbortError'),
    );
    await this.running?.catch(() => undefined);
  }

  private async round(trigger: RoundTrigger, signal: AbortSignal): Promise<RoundOutcome> {
    signal.throwIfAborted();
    const { deps } = this;
    const self = deps.self();
    const now = deps.now();
    const rows = await deps.records.read(({ members }) => members.list());
    const decision = decideRound({ ...trigger, self, rows, now, intervalMs: deps.intervalMs });
    if (decision.kind === 'refuse') throw refusedRound(decision.reason);
    if (decision.kind === 'skip') return decision.reason;
    signal.throwIfAborted();
    await this.trustEverybody(decision.trust, self.name);
    // Nobody sends the leader a heartbeat that would tell.
    if (decision.newer !== undefined) deps.onNewerSchema?.(decision.newer);

    const info = heartbeatInfoOf(decision, self.name, now);
    const answers = await Promise.all(
      decision.recipients.map((member) => this.sendTo(member, info, signal)),
    );
    signal.throwIfAborted();
    const answered = new Set([self.name, ...answers.flat()]);
    await deps.records.write(async ({ members, tokens }) => {
      await members.recordRound(
        decision.members.map(({ row, role }) => ({
          id: row.id,
          role,
          // A joiner may have written its first heartbeat since the rows were read.
          heartbeat: answered.has(row.name) ? now : undefined,
        })),
      );
      await tokens.settle(now);
      await tokens.purgeExpired(now);
    });
    this.last = this.monotonicMs();
    await this.runHook(roleChanges(decision.members), signal);
    return 'done';
  }

  /** What the application does in its hook must not keep the cluster from its next round, nor the daemon from its stop. */
  private async runHook(roles: RoleChanges, signal: AbortSignal): Promise<void> {
    const { intervalMs, onRound, logger } = this.deps;
    if (onRound === undefined) return;
    const limit = { hook: 'heartbeat', limitMs: HOOK_INTERVALS * intervalMs, signal } as const;
    try {
      await runWithin(limit, (bounded) => onRound(roles, bounded));
    } catch (error) {
      if (!isMicroclusterError(error, 'HOOK_TIMEOUT')) throw error;
      logger.warn({ event: 'hook-abandoned', error });
    }
  }

  /**
   * The table may change between reading it and replacing the store, as when a joiner is admitted in that
   * moment; so it is read again until both agree.
   */
  private async trustEverybody(wanted: readonly TrustedMember[], self: string): Promise<void> {
    for (let list = wanted, attempt = 0; attempt < 5; attempt += 1) {
      await this.replaceTrust(list);
      const rows = await this.deps.records.read(({ members }) => members.list());
      const latest = rows.map(trustedOf);
      if (sameMembers(latest, list) || !latest.some((member) => member.name === self)) return;
      list = latest;
    }
  }

  private async receive(
    info: HeartbeatInfo,
    sender: HeartbeatSender,
    signal: AbortSignal,
  ): Promise<void> {
    const { deps } = this;
    if (sender.kind !== 'member') throw refusedHeartbeat('not-authorized');
    const leader = await deps.leader(signal);
    const rows = await deps.records.read(({ members }) => members.list());
    const decision = decideReceive({
      self: deps.self().name,
      sender,
      leader,
      info,
      rows,
      trusted: deps.trust.list(),
    });
    if (decision.kind === 'refuse') throw refusedHeartbeat(decision.reason);
    await this.replaceTrust(decision.trust);
    this.last = this.monotonicMs();
    if (decision.newer !== undefined) deps.onNewerSchema?.(decision.newer);
    deps.onReceived?.();
  }

  /** Returns the member's name when it answered, nothing when it did not. */
  private async sendTo(
    { row }: RoundMember,
    info: HeartbeatInfo,
    signal: AbortSignal,
  ): Promise<string[]> {
    const { deps } = this;
    const limit = deps.sendTimeoutMs ?? Math.max(deps.intervalMs, 2_000);
    try {
      await deps.send(row.address, info, AbortSignal.any([signal, timeLimit(limit)]));
      return [row.name];
    } catch (error) {
      if (!signal.aborted) deps.logger.warn({ event: 'heartbeat-failed', member: row.name, error });
      return [];
    }
  }

  private async replaceTrust(members: readonly TrustedMember[]): Promise<void> {
    if (!sameMembers(members, this.deps.trust.list())) await this.deps.trust.replace(members);
  }
}

function roleChanges(members: readonly RoundMember[]): RoleChanges {
  return new Map(members.map(({ row, role }) => [row.name, { old: row.role, new: role }]));
}

/** Whether two lists hold the same members, in whatever order. */
function sameMembers(some: readonly TrustedMember[], others: readonly TrustedMember[]): boolean {
  const [left, right] = [some, others].map((list) => list.map(keyOf).sort());
  return JSON.stringify(left) === JSON.stringify(right);
}

function keyOf({ name, address, certificate }: TrustedMember): string {
  return JSON.stringify([name, address, certificate]);
}
