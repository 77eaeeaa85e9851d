/** Removes members: here when this member leads, else by passing the request on (`spec/core-api.md` 16). */
import type { LoggerService } from '@nestjs/common';
import type { Daemon } from '../../lifecycle/daemon.js';
import type { SchemaGate } from '../../lifecycle/schema-gate.js';
import type { UpgradeBell } from '../../lifecycle/upgrade-bell.js';
import { MicroclusterError } from '../../errors/index.js';
import type { Failpoints } from '../../failpoints/index.js';
import type { Peers } from '../peers.js';
import type { TrustStore } from '../../trust/index.js';
import type { SkippedStep } from '../../types/index.js';
import type { ConsistencyCheck } from '../consistency/consistency-check.js';
import type { ClusterRecords } from '../cluster-records.js';
import type { Turnstile } from '../turnstile.js';
import { decideRemoval, type RemovalDecision, type RemovalTarget } from './decide-removal.js';
import { refuseWaitingRemoval } from './decide-waiting-removal.js';
import type { NetworkEffectsParts } from './removal-effects.js';
import { removeOtherMember, type RemovalParts } from './removal-steps.js';
import type { SelfRemovalLatch } from './self-removal-latch.js';
import { askWhoLeads, isSameMember, successorOf } from './succession.js';

/** A request to remove a member. */
export interface RemovalRequest {
  readonly name: string;
  /** Names a member that only the replication knows. */
  readonly address: string | undefined;
  readonly force: boolean;
  /**
   * Aborts when the request is given up: one that waits for its turn leaves; a removal that has begun goes on to its
   * end all the same.
   */
  readonly signal: AbortSignal;
  /** Registers what is done once the request has its answer. */
  readonly afterReply: (action: () => void) => void;
}

export interface RemovalServiceParts extends NetworkEffectsParts {
  readonly peers: Pick<Peers, 'ask' | 'others' | 'tell' | 'with'>;
  readonly effects: RemovalParts['effects'];
  readonly failpoints: Failpoints;
  readonly records: Pick<ClusterRecords, 'read' | 'write'>;
  readonly logger: LoggerService;
  readonly daemon: Pick<Daemon, 'signal' | 'databaseStatus'>;
  readonly trust: Pick<TrustStore, 'list'>;
  readonly schema: Pick<SchemaGate, 'blockers'>;
  readonly bell: UpgradeBell;
  readonly consistency: Pick<ConsistencyCheck, 'require'>;
  readonly latch: SelfRemovalLatch;
  /** Changes of membership exclude each other at the leader. */
  readonly turnstile: Turnstile;
}

/** The one entrance to removals on this member. */
export class Removal {
  constructor(private readonly parts: RemovalServiceParts) {}

  /**
   * Removes a member. Resolves when all remaining members know.
   *
   * @returns the steps that were skipped or, with `force`, failed; a leader in Go does not say
   * @throws MicroclusterError by the rules of `spec/core-api.md` 16.2, or naming the step that failed; the reason of
   *   the request's signal when that aborts before the removal has begun
   */
  async remove(request: RemovalRequest): Promise<readonly SkippedStep[]> {
    const { identity, runtime } = this.parts;
    const { opened } = runtime;
    let leader = await this.leader(request.signal);
    if (isSameMember(leader, identity.address)) {
      const outcome = await this.parts.turnstile.pass(() => this.lead(request), request.signal);
      if (outcome !== 'stepped-down') return outcome;
      // Outside of the turnstile: a successor that gives the leadership back sends the request back, too.
      leader = await successorOf(leader, (limit) => opened.leader(limit), request.signal);
    }
    return askWhoLeads(
      leader,
      (address) => this.forward(address, request),
      () => opened.leader(request.signal),
    );
  }

  /** @returns the skipped steps, or `stepped-down` when this member no longer leads and has still to be removed */
  private async lead(request: RemovalRequest): Promise<readonly SkippedStep[] | 'stepped-down'> {
    const { logger, daemon, consistency, runtime } = this.parts;
    const { name, force } = request;
    const isWaiting = !daemon.databaseStatus().open;
    const decision = await this.decide(request);
    switch (decision.kind) {
      case 'refuse':
        throw new MicroclusterError(
          'FAILED',
          { reason: decision.reason },
          { status: decision.status },
        );
      case 'done':
        return [];
      case 'step-down':
        if (isWaiting)
          throw new MicroclusterError('DATABASE_NOT_OPEN', {
            reason: daemon.databaseStatus().text,
          });
        await runtime.opened.transferLeadership(request.signal);
        return 'stepped-down';
      case 'remove': {
        if (isWaiting) await this.requireLostBlocker(decision.target, request);
        if (!force && !decision.target.isRepeated) await consistency.require(request.signal);
        const skipped = await removeOtherMember(this.parts, decision.target, force, daemon.signal);
        const { address } = decision.target;
        logger.log({ event: 'member-removed', member: name, address, force, skipped });
        if (isWaiting) await this.wakeWaiting(request.signal);
        return skipped;
      }
    }
  }

  /** @throws MicroclusterError unless the upgrade waits for the target, which is lost */
  private async requireLostBlocker(
    target: RemovalTarget,
    { name, force, signal }: RemovalRequest,
  ): Promise<void> {
    const { records, schema, effects } = this.parts;
    const rows = await records.read(({ members }) => members.list());
    const reason = refuseWaitingRemoval({
      name,
      force,
      hasRow: rows.some((row) => row.name === name),
      blockedBy: schema.blockers(rows),
      isReachable: await effects.reach(target, signal).then(
        () => true,
        () => false,
      ),
    });
    if (reason !== undefined) {
      throw new MicroclusterError('DATABASE_NOT_OPEN', { reason });
    }
  }

  /** The one that was removed may have been the last that everybody waited for. */
  private async wakeWaiting(signal: AbortSignal): Promise<void> {
    const { bell, peers, args } = this.parts;
    bell.ring();
    const timeoutMs = args.timeouts.probe;
    await peers.tell('upgrade-notice', (client) =>
      client.patchDatabase({ notification: true, signal, timeoutMs }),
    );
  }

  private async decide({ name, address, signal }: RemovalRequest): Promise<RemovalDecision> {
    const { records, runtime, trust, identity } = this.parts;
    const nodes = await runtime.opened.members(signal);
    const { rows, record } = await records.read(async ({ members, removals }) => ({
      rows: await members.list(),
      record: await removals.byName(name),
    }));
    return decideRemoval({
      name,
      address,
      self: identity.address,
      rows,
      trusted: trust.list(),
      nodes,
      record,
    });
  }

  /** The leader will reset us when we are the one to go; our own answer must be out before. */
  private async forward(leader: string, request: RemovalRequest): Promise<readonly SkippedStep[]> {
    const { peers, latch, identity } = this.parts;
    const { name, address, force, signal } = request;
    if (name === identity.name) request.afterReply(latch.hold());
    return peers.with(leader, (client) =>
      client.removeMember(name, {
        force,
        ...(address === undefined ? {} : { address }),
        signal,
        timeoutMs: 0,
      }),
    );
  }

  private async leader(signal: AbortSignal): Promise<string> {
    const leader = await this.parts.runtime.opened.leader(signal);
    if (leader === undefined) {
      throw new MicroclusterError('UNAVAILABLE', {
        reason: 'The cluster has no leader at the moment; try again in a few seconds',
      });
    }
    return leader;
  }
}
