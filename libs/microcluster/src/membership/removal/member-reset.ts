/** Makes this daemon forget that it is a member, after the leader has removed it (`spec/core-api.md` 16.5). */
import type { LoggerService } from '@nestjs/common';
import type { Daemon } from '../../lifecycle/daemon.js';
import { forgetMember, type InitialisationParts } from '../initialise.js';
import type { SelfRemovalLatch } from './self-removal-latch.js';

export interface ResetParts extends Pick<
  InitialisationParts,
  'state' | 'identity' | 'trust' | 'runtime'
> {
  readonly daemon: Daemon;
  readonly latch: SelfRemovalLatch;
  readonly logger: LoggerService;
}

/** Resets this member in process: afterwards it can be bootstrapped or join again. */
export class MemberReset {
  private running: Promise<void> | undefined;

  constructor(private readonly parts: ResetParts) {}

  /** Waits for the answers that a reset would cut off, then forgets everything. One at a time; idempotent. */
  run(): Promise<void> {
    this.running ??= this.reset().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async reset(): Promise<void> {
    const { daemon, latch, logger } = this.parts;
    await latch.wait();
    if (!daemon.accepts({ type: 'reset' })) return;
    await daemon.reset(() => forgetMember(this.parts));
    logger.log({ event: 'member-reset' });
  }
}
