/** A run: a cluster under load, faults by schedule, and at the end the judgement of the checkers. */
import { eventually } from '../support/eventually.js';
import { checkElections } from './checkers/elections.js';
import { checkMembership } from './checkers/membership.js';
import { checkSchema } from './checkers/schema.js';
import type { Verdict } from './checkers/violation.js';
import { Clients } from './clients.js';
import { FaultCluster, type FaultClusterOptions } from './cluster/fault-cluster.js';
import { killLeader } from './leader-kills.js';
import { MembershipLog } from './membership-log.js';
import { FAULTS, rollingUpgrade } from './nemesis/faults/index.js';
import type { Fault } from './nemesis/fault.js';
import { Nemesis } from './nemesis/nemesis.js';
import { schedule, type Moment } from './nemesis/schedule.js';
import { Random } from './random.js';
import { MachineWatch } from './report/machine.js';
import type { RunReport, WorkloadReport } from './report/report.js';
import { SchemaWatch } from './schema-watch.js';
import { createWorkload, Session, type Workload, type WorkloadName } from './workloads/index.js';

/** A cluster that has no reason not to work does so within this time, milliseconds. */
const RECOVERY_LIMIT_MS = 120_000;

export interface RunOptions extends FaultClusterOptions {
  readonly seed: number;
  /** Milliseconds of load and faults. */
  readonly durationMs: number;
  readonly workloads: readonly WorkloadName[];
  /** Names of the faults to choose from. Default: all. */
  readonly faults?: readonly string[];
  /** Instead of a schedule by seed: these moments, and no others. */
  readonly moments?: readonly Moment[];
  /** Leaders killed at the end, one after the other, for the measurement of unavailability. Default 0. */
  readonly leaderKills?: number;
  /** Another release that every member is restarted as, in the course of the run. */
  readonly upgradeTo?: string;
  /** Ends the run early; what was recorded until then is checked. */
  readonly signal?: AbortSignal;
}

/** @returns a report also when the run could not be finished, with the reason in it */
export async function runUnderFaults(options: RunOptions): Promise<RunReport> {
  const cluster = await FaultCluster.form(options);
  let report: RunReport | undefined;
  try {
    report = await runOn(cluster, options);
    return report;
  } finally {
    // What was found out is told in any case.
    await cluster.close().catch((error: unknown) => {
      if (report === undefined) throw error;
      options.say(`closing the cluster failed: ${explain(error)}`);
    });
  }
}

/** As {@link runUnderFaults}, on a cluster that the caller has formed and closes. */
export async function runOn(cluster: FaultCluster, options: RunOptions): Promise<RunReport> {
  const random = new Random(options.seed);
  const machine = new MachineWatch();
  const began = performance.now();
  const clock = (): number => performance.now() - began;
  const workloads = options.workloads.map((name) => createWorkload(name, clock));
  const membership = new MembershipLog(cluster);
  const faults = faultsOf(options);
  const founders = [...cluster.members];
  const recovered = (since: number): Promise<void> =>
    eventually('every member to serve requests again', RECOVERY_LIMIT_MS, () => {
      for (const { host, name } of founders) {
        const last = Math.max(...workloads.map((workload) => workload.lastSuccess(host)));
        if (last < since) throw new Error(`${name} does not`);
      }
    });
  const nemesis = new Nemesis({ ...options, cluster, membership, faults, clock, recovered });
  const schemas = new SchemaWatch(cluster, clock);
  const unavailabilityMs: number[] = [];
  let failure: string | undefined;
  let membershipVerdict: Verdict | undefined;
  try {
    await underLoad(founders, workloads, random, async () => {
      await recovered(clock());
      await inject(nemesis, options, random, clock);
    });
    await cluster.settled();
    await lastLook(cluster, workloads);
    for (let kill = 0; kill < (options.leaderKills ?? 0); kill += 1) {
      if (options.signal?.aborted === true) break;
      unavailabilityMs.push(await killLeader(cluster));
    }
    await cluster.settled();
    const [spare] = cluster.spares;
    if (spare && options.signal?.aborted !== true) await membership.joinWitnessed(spare);
    membershipVerdict = checkMembership(await membership.history());
  } catch (error) {
    failure = explain(error);
    const logs = await Promise.all(cluster.all.map(({ daemon }) => daemon.log(15)));
    options.say(logs.join('\n'));
  } finally {
    await schemas.stop();
  }
  const reports = workloads.map((workload) => reportOf(workload, workload.check()));
  const happened = nemesis.injected.filter(({ skipped }) => skipped.length === 0);
  reports.push(
    reportOf(
      { name: 'schema', counts: { ok: schemas.observations.length, failed: 0, unknown: 0 } },
      checkSchema(schemas.observations),
    ),
  );
  const moments = { ok: happened.length, failed: 0, unknown: 0 };
  reports.push(reportOf({ name: 'elections', counts: moments }, checkElections(happened)));
  if (membershipVerdict !== undefined) {
    const counts = { ok: cluster.all.length, failed: 0, unknown: 0 };
    reports.push(reportOf({ name: 'membership', counts }, membershipVerdict));
  }
  return {
    seed: options.seed,
    members: options.members,
    network: cluster.network.kind,
    machine: machine.describe(),
    durationMs: clock(),
    workloads: reports,
    injected: nemesis.injected,
    unavailabilityMs,
    ...(failure !== undefined && { failure }),
  };
}

function faultsOf({ upgradeTo, faults }: RunOptions): Fault[] {
  const all = upgradeTo === undefined ? FAULTS : [...FAULTS, rollingUpgrade(upgradeTo)];
  return all.filter(({ name }) => faults?.includes(name) ?? true);
}

async function underLoad(
  members: FaultCluster['members'],
  workloads: readonly Workload[],
  random: Random,
  during: () => Promise<void>,
): Promise<void> {
  const clients = new Clients(members, workloads, random);
  try {
    await during();
  } finally {
    await clients.stop();
  }
}

async function inject(
  nemesis: Nemesis,
  options: RunOptions,
  random: Random,
  clock: () => number,
): Promise<void> {
  const signal = options.signal ?? new AbortController().signal;
  const names = faultsOf(options).map(({ name }) => name);
  for (const moment of options.moments ?? schedule(random.fork('schedule'), names)) {
    if (signal.aborted || (!options.moments && clock() > options.durationMs)) return;
    await nemesis.carryOut(moment, signal);
  }
}

/** Everything is read once more, through every member. */
async function lastLook(cluster: FaultCluster, workloads: readonly Workload[]): Promise<void> {
  for (const workload of workloads) {
    for (const member of cluster.members) {
      await eventually(`${workload.name} to be read at ${member.name}`, RECOVERY_LIMIT_MS, () =>
        workload.finish(new Session(-1, member)),
      );
    }
  }
}

function reportOf(
  { name, counts }: Pick<Workload, 'name' | 'counts'>,
  { violations, undecided }: Verdict,
): WorkloadReport {
  return { name, counts, violations, undecided };
}

function explain(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(explain).join('; ');
  return error instanceof Error ? error.message : String(error);
}
