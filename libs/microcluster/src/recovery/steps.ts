/** Steps of a plan: each can be repeated, and all of them are, until the plan is gone. */

/** One step; after a crash it is run again from its beginning. */
export interface RecoveryStep {
  /** What it does, for logs and tests. */
  readonly name: string;
  run(): Promise<void>;
}

/** Runs the steps in their order. */
export async function runSteps(steps: readonly RecoveryStep[]): Promise<void> {
  for (const step of steps) await step.run();
}
