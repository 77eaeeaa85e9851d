/** Makes this daemon forget that it is a member, after the cluster has removed it (`spec/core-api.md` 16.5). */
import path from 'node:path';
import type { LoggerService } from '@nestjs/common';
import type { Daemon } from '../../lifecycle/daemon.js';
import { forgetMember, type ForgetParts } from '../initialise.js';
import type { SelfRemovalLatch } from './self-removal-latch.js';

export interface ResetParts extends ForgetParts {
  readonly daemon: Daemon;
  readonly latch: SelfRemovalLatch;
  readonly logger: LoggerService;
}

/** Resets this member in process: afterwards it can be bootstrapped or join again. */
export class MemberReset {
  private running: Promise<void> | undefined;

  constructor(private readonly parts: ResetParts) {
    parts.runtime.onRemoved(() => {
      void this.abandon();
    });
  }

  /** Waits for the answers that a reset would cut off, then forgets everything. One at a time; idempotent. */
  run(): Promise<void> {
    return this.once(async () => {
      await this.parts.latch.wait();
      await this.reset();
    });
  }

  /**
   * The replication has dropped this member, and nobody told it: its state is moved aside, in case that
   * somebody wants to look at it.
   */
  private async abandon(): Promise<void> {
    const { daemon, logger } = this.parts;
    // A member that is only starting finds out by itself, and a joiner undoes its join.
    if (!daemon.databaseStatus().transactions) return;
    try {
      await this.once(() => this.reset(asideName(new Date())));
    } catch (error) {
      logger.error({ event: 'member-reset-failed', error });
    }
  }

  private once(work: () => Promise<void>): Promise<void> {
    this.running ??= work().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async reset(keepAs?: string): Promise<void> {
    const { daemon, state, logger } = this.parts;
    if (!daemon.accepts({ type: 'reset' })) return;
    await daemon.reset(() => forgetMember(this.parts, keepAs));
    const kept = keepAs === undefined ? {} : { stateKeptIn: path.join(state.path, keepAs) };
    logger.warn({ event: 'member-reset', ...kept });
  }
}

/** Name of the directory for the state of a member that was removed; one per second is enough. */
export function asideName(now: Date): string {
  return `removed.${now.toISOString().replace(/[-:]|\..*/g, '')}`;
}
