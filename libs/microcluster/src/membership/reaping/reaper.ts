/** Takes out, while this member leads, what failed joins and interrupted removals have left behind. */
import { performance } from 'node:perf_hooks';
import { isClientError } from '../../client/index.js';
import type { LoggerService } from '@nestjs/common';
import type { EngineRound } from '../../replication/index.js';
import type { ClusterRecords } from '../cluster-records.js';
import type { Turnstile } from '../turnstile.js';
import type { NetworkEffectsParts } from '../removal/removal-effects.js';
import { removeOtherMember, type RemovalParts } from '../removal/removal-steps.js';
import { decideReaping, type ReapingLimits, type Suspect } from './decide-reaping.js';

/** Rounds that a suspect gets; at least so long, milliseconds. */
const ABSENT_ROUNDS = 6;
const ABSENT_LEAST = 15_000;
const UNFINISHED_ROUNDS = 30;
const UNFINISHED_LEAST = 60_000;

export interface ReaperParts extends NetworkEffectsParts {
  readonly effects: RemovalParts['effects'];
  readonly failpoints: RemovalParts['failpoints'];
  readonly records: ClusterRecords;
  readonly logger: LoggerService;
  readonly turnstile: Turnstile;
}

/** Looks once per round of heartbeats. */
export class Reaper {
  private since: ReadonlyMap<string, number> = new Map();
  private running: Promise<void> | undefined;
  private readonly limits: ReapingLimits;

  constructor(private readonly parts: ReaperParts) {
    const interval = parts.args.heartbeatIntervalMs;
    this.limits = {
      absentMs: Math.max(ABSENT_LEAST, ABSENT_ROUNDS * interval),
      unfinishedMs: Math.max(UNFINISHED_LEAST, UNFINISHED_ROUNDS * interval),
    };
  }

  /** Begins a look after a round that this member led; failures are logged, and tried again in the next. */
  look(round: EngineRound, signal: AbortSignal): void {
    // A removal pauses the loop whose round called us, so that it must not be waited for here.
    this.running ??= this.reap(round, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.parts.logger.warn({ event: 'reaping-failed', error });
      })
      .finally(() => {
        this.running = undefined;
      });
  }

  private async reap(round: EngineRound, signal: AbortSignal): Promise<void> {
    const { records, identity } = this.parts;
    const rows = await records.read(({ members }) => members.list());
    const now = performance.now();
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
        this.since = new Map([...this.since, [suspect.key, performance.now()]]);
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

  private async remove({ name, address, nodeId }: Suspect, signal: AbortSignal): Promise<void> {
    const { turnstile, runtime, logger } = this.parts;
    logger.warn({ event: 'member-reaped', member: name, address, node: nodeId });
    await turnstile.pass(async () => {
      if (name !== undefined) {
        const target = { name, address, nodeId, isRepeated: true };
        await removeOtherMember(this.parts, target, true, signal);
      } else if (nodeId !== undefined) await runtime.opened.removeMember(nodeId, signal);
    }, signal);
  }
}
