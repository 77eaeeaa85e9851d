/** What a run has shown. */
import type { Violation } from '../checkers/violation.js';
import type { Injected } from '../nemesis/nemesis.js';
import type { OutcomeCounts } from '../workloads/workload.js';
import type { Machine } from './machine.js';

export interface WorkloadReport {
  readonly name: string;
  readonly counts: OutcomeCounts;
  readonly violations: readonly Violation[];
  readonly undecided: readonly string[];
}

export interface RunReport {
  readonly seed: number;
  readonly members: number;
  readonly network: string;
  readonly machine: Machine;
  /** Milliseconds of load and faults. */
  readonly durationMs: number;
  readonly workloads: readonly WorkloadReport[];
  readonly injected: readonly Injected[];
  /** From the kill of a leader until a write was acknowledged by a survivor, milliseconds each. */
  readonly unavailabilityMs: readonly number[];
  /** Why the run could not be finished, if so. */
  readonly failure?: string;
}

/** Whether every promise was kept and the run came to its end. */
export function isClean({ workloads, failure }: RunReport): boolean {
  return failure === undefined && workloads.every(({ violations }) => violations.length === 0);
}
