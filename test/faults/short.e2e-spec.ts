/**
 * The short form of the proof under faults: a few of them, one after the other, on a cluster under load.
 *
 * `npm run test:faults` is the long one.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FaultCluster } from './cluster/fault-cluster.js';
import type { Moment } from './nemesis/schedule.js';
import { reportText } from './report/print.js';
import { runOn } from './run.js';
import { WORKLOAD_NAMES } from './workloads/index.js';

const LIMIT_MS = 600_000;

const moment = (durationMs: number, ...faults: string[]): Moment => ({
  faults,
  durationMs,
  pauseMs: 500,
  seed: 1,
});

const log: string[] = [];
const options = {
  seed: 1,
  members: 3,
  spares: 0,
  network: 'auto',
  durationMs: 0,
  workloads: WORKLOAD_NAMES,
  say: (text: string) => void log.push(text),
} as const;

let cluster: FaultCluster;
beforeAll(async () => {
  cluster = await FaultCluster.form(options);
}, LIMIT_MS);
afterAll(() => cluster.close(), LIMIT_MS);

it(
  'keeps every promise when the leader crashes or is cut off, and when an application stalls',
  async () => {
    const moments = [
      moment(2_000, 'crash-leader'),
      moment(6_000, 'partition-leader'),
      moment(0, 'stall-follower'),
      moment(0, 'stall-leader'),
    ];
    const report = await runOn(cluster, { ...options, moments });
    const text = [...log, reportText(report)].join('\n');
    const violations = report.workloads.flatMap((workload) => workload.violations);
    expect({ violations, failure: report.failure, text }).toEqual({
      violations: [],
      failure: undefined,
      text,
    });
    expect(report.injected).toHaveLength(moments.length);
  },
  LIMIT_MS,
);
