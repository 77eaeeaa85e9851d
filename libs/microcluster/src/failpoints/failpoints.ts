/** Lets a test stop an operation between two of its steps; outside of tests nothing ever stops there. */
import type { Failpoint } from './catalogue.js';

/** What a test does at each point: nothing, reject, wait, or end the process. */
export type FailpointAction = (point: Failpoint) => Promise<void> | void;

/**
 * Token of the action. The framework has no provider for it; `@microcluster/nest/testing-seam`, which
 * applications do not use, is the only place that exports it.
 */
export const FAILPOINT_ACTION = Symbol('@microcluster/nest: failpoint action');

/** The points of one daemon. */
export class Failpoints {
  constructor(private readonly action?: FailpointAction) {}

  /**
   * Called after each step of an operation.
   * @throws what a test wants to fail there
   */
  async reach(point: Failpoint): Promise<void> {
    await this.action?.(point);
  }
}
