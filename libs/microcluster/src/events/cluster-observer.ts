/** Looks at the cluster from this member and reports what has changed since the last look. */
import { performance } from 'node:perf_hooks';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { LoggerService } from '@nestjs/common';
import { decideEvents, type ClusterView, type ObservedRow } from './decide-events.js';
import type { EventLog } from './event-log.js';

/** How soon the first look follows the opening of the database, milliseconds. */
const FIRST_LOOK_MS = 1_000;

/** What the leader says about the replication. */
export interface ReplicationView {
  /** Address of the leader; `undefined` when there is none. */
  readonly leader: string | undefined;
  readonly members: readonly { readonly address: string; readonly role: string }[];
}

/** What an observer looks at. */
export interface ObserverDependencies {
  /** Time between two rounds of heartbeats, milliseconds. */
  readonly intervalMs: number;
  /** Name of this member. */
  readonly self: () => string;
  /** `closed`: no database that could be read; `forgotten`: this daemon belongs to no cluster. */
  readonly state: () => 'open' | 'closed' | 'forgotten';
  readonly replication: (signal: AbortSignal) => Promise<ReplicationView>;
  readonly rows: () => Promise<readonly ObservedRow[]>;
  readonly now: () => Date;
  readonly log: EventLog;
  readonly logger: Pick<LoggerService, 'debug'>;
}

/**
 * Whoever notices that something may have changed (a round of heartbeats, a change of the trust store, a hook)
 * calls {@link look}; what is reported comes from the look alone, so that a notice too many reports nothing
 * and one too few reports later. Looks run one after the other: an older one never follows a newer one.
 */
export class ClusterObserver {
  private view: ClusterView | undefined;
  private running: Promise<void> | undefined;
  private isWanted = false;
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private lookedAt = 0;

  constructor(private readonly deps: ObserverDependencies) {}

  /**
   * Begins to look by itself: soon after the database has opened, and whenever nobody has noticed anything for
   * an interval, since the loss of the leader is noticed by nobody.
   */
  start(): void {
    const { intervalMs } = this.deps;
    this.timer ??= setInterval(
      () => {
        const isOld = performance.now() - this.lookedAt >= intervalMs;
        if (this.view === undefined || isOld) this.look();
      },
      Math.min(intervalMs, FIRST_LOOK_MS),
    ).unref();
  }

  /** Looks soon: now, or once more after the look that is running. */
  look(): void {
    if (this.closing.signal.aborted) return;
    this.isWanted = true;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves when no look is running or wanted. */
  async settled(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  /** Ends a running look and begins no more. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.closing.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.isWanted && !this.closing.signal.aborted) {
      this.isWanted = false;
      try {
        await this.lookOnce();
      } catch (error) {
        // Not seeing anything is no event; the next look tries again.
        this.deps.logger.debug?.({ event: 'cluster-not-observed', error });
      }
    }
  }

  private async lookOnce(): Promise<void> {
    const { deps } = this;
    this.lookedAt = performance.now();
    const state = deps.state();
    if (state === 'forgotten') this.view = undefined;
    if (state !== 'open') return;
    const limit = Math.max(2 * deps.intervalMs, 10_000);
    const signal = AbortSignal.any([this.closing.signal, timeLimit(limit)]);
    const { leader, members } = await deps.replication(signal);
    const rows = leader === undefined ? undefined : await deps.rows();
    // What a closing database answered may be half of the truth.
    if (signal.aborted || deps.state() !== 'open') return;
    const { view, events } = decideEvents(this.view, {
      time: deps.now(),
      self: deps.self(),
      intervalMs: deps.intervalMs,
      leader,
      roles: leader === undefined ? undefined : new Map(members.map((m) => [m.address, m.role])),
      rows,
    });
    this.view = view;
    for (const event of events) deps.log.append(event);
  }
}
