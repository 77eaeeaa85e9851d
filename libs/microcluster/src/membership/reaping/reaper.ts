/** Takes out, while this member leads, what failed joins and interrupted removals have left behind. */
import { performance } from 'node:perf_hooks';
import { isClientError } from '../../client/index.js';
import type { LoggerService } from '@nestjs/common';
import type { ParsedDaemonArgs } from '../../options/index.js';
import type { EngineRound } from '../../replication/index.js';
import type { ClusterRecords } from '../cluster-records.js';
import type { Turnstile } from '../turnstile.js';
import type { NetworkEffectsParts } from '../removal/removal-effects.js';
import { removeOtherMember, type RemovalParts } from '../removal/removal-steps.js';
import {
  decideReaping,
  isStillSuspect,
  type ReapingLimits,
  type Suspect,
} from './decide-reaping.js';

/** Rounds that a suspect gets; at least so long, milliseconds. */
const ABSENT_ROUNDS = 6;
const ABSENT_LEAST = 15_000;
const UNFINISHED_ROUNDS = 30;
const UNFINISHED_LEAST = 60_000;

export interface ReaperParts extends NetworkEffectsParts {
  readonly effects: RemovalParts['effects'];
  readonly failpoints: RemovalParts['failpoints'];
  readonly args: Pick<ParsedDaemonArgs, 'heartbeatIntervalMs' | 'timeouts'>;
  readonly records: Pick<ClusterRecords, 'read' | 'write'>;
  readonly logger: LoggerService;
  readonly turnstile: Turnstile;
  /** Milliseconds of a monotonic clock. Default: that of the process. */
  readonly now?: () => number;
}

/** Looks once per round of heartbeats. */
export class Reaper {
  private since: ReadonlyMap<string, number> = new Map();
  private running: Promise<void> | undefined;
  private readonly limits: ReapingLimits;
  private readonly now: () => number;

  constructor(private readonly parts: ReaperParts) {
    this.now = parts.now ?? (() => performance.now());
    const interval = parts.args.heartbeatIntervalMs;
    this.limits = {
      absentMs: Math.max(ABSENT_LEAST, ABSENT_ROUNDS * interval),
      unfinishedMs: Math.max(UNFINISHED_LEAST, UNFINISHED_ROUNDS * interval),
    };
  }

  /**
   * Begins a look after a round that this member led; failures are logged, and tried again in the next.
   *
   * @returns when it has ended; never rejects. The loop that calls must not wait for it, since a removal
   *   pauses that loop.
   */
  look(round: EngineRound, signal: AbortSignal): Promise<void> {
    this.running ??= this.reap(round, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.parts.logger.warn({ event: 'reaping-failed', error });
      })
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }

  private async reap(round: EngineRound, signal: AbortSignal): Promise<void> {
    const { records, identity } = this.parts;
    const rows = await records.read(({ members }) => members.list());
    const now = this.now();
    const { since, due } = decideReaping({
      self: identity.address,
      rows,
      nodes: round.members,
      since: this.since,
      now,
      limits: this.limits,
    });
    this.since = since;
    for (const suspect of due) {
      if (suspect.name !== undefined && (await this.isAlive(suspect, signal))) {
        this.since = new Map([...this.since, [suspect.key, this.now()]]);
      } else await this.remove(suspect, signal);
    }
  }

  /** A joiner serves its listener with the cluster's certificate while it is under way. */
  private async isAlive({ address }: Suspect, signal: AbortSignal): Promise<boolean> {
    const { peers, args } = this.parts;
    try {
      await peers.with(address, (client) =>
        client.serverInfo({ signal, timeoutMs: args.timeouts.probe }),
      );
      return true;
    } catch (error) {
      return isClientError(error, 'REPLIED');
    }
  }

  private async remove(suspect: Suspect, signal: AbortSignal): Promise<void> {
    const { turnstile, runtime, logger } = this.parts;
    const { name, address, nodeId } = suspect;
    await turnstile.pass(async () => {
      // Asking it and queueing took time, in which it may have begun a new join under the same name.
      if (!isStillSuspect(suspect, await this.currentRecords(signal))) return;
      logger.warn({ event: 'member-reaped', member: name, address, node: nodeId });
      if (name !== undefined) {
        const target = { name, address, nodeId, isRepeated: true };
        await removeOtherMember(this.parts, target, true, signal);
      } else if (nodeId !== undefined) await runtime.opened.removeMember(nodeId, signal);
    }, signal);
  }

  private async currentRecords(signal: AbortSignal) {
    const { records, identity, runtime } = this.parts;
    const rows = await records.read(({ members }) => members.list());
    return { self: identity.address, rows, nodes: await runtime.opened.members(signal) };
  }
}
