/** Undoes the steps of an operation that failed half-way, last step first. */
import type { LoggerService } from '@nestjs/common';

interface Step {
  readonly what: string;
  readonly undo: () => Promise<void>;
}

/** Collects what would undo each completed step. */
export class Rollback {
  private readonly steps: Step[] = [];

  constructor(private readonly logger: LoggerService) {}

  /** Remembers how to undo a step that has just been done; `what` names it in the log. */
  add(what: string, undo: () => Promise<void>): void {
    this.steps.push({ what, undo });
  }

  /** Undoes everything. A step that cannot be undone is logged and does not keep the others from it. */
  async run(): Promise<void> {
    for (const step of this.steps.splice(0).toReversed()) {
      try {
        await step.undo();
      } catch (error) {
        this.logger.error({ event: 'rollback-failed', step: step.what, error });
      }
    }
  }
}
