/** A report as text. */
import { percentile } from './percentile.js';
import type { RunReport } from './report.js';

export function reportText(report: RunReport): string {
  return [
    '',
    `seed ${report.seed}, ${report.members} members, network: ${report.network}, ${seconds(report.durationMs)}`,
    machine(report),
    '',
    ...operations(report),
    '',
    ...faults(report),
    '',
    spread(
      'recovery after a moment of faults',
      report.injected.map((it) => it.recoveryMs),
    ),
    spread('unavailability after the kill of a leader', report.unavailabilityMs),
    '',
    ...violations(report),
    ...(report.failure === undefined ? [] : [`not finished: ${report.failure}`]),
  ].join('\n');
}

function machine({ machine: { processors, memoryGiB, node, load } }: RunReport): string {
  const at = (share: number): string => (percentile(load, share) ?? 0).toFixed(1);
  return `${processors}, ${memoryGiB} GiB, Node ${node}, load ${at(0)} to ${at(1)}, median ${at(0.5)}`;
}

function operations({ workloads }: RunReport): string[] {
  return workloads.map(({ name, counts, undecided }) => {
    const { ok, failed, unknown } = counts;
    const open = undecided.length === 0 ? '' : `; undecided: ${undecided.join(', ')}`;
    return `${name}: ${ok} ok, ${failed} failed, ${unknown} unknown${open}`;
  });
}

function faults({ injected }: RunReport): string[] {
  const counts = new Map<string, number>();
  for (const { faults: names, skipped } of injected) {
    for (const name of names) {
      const wasSkipped = skipped.some((it) => it.startsWith(`${name}:`));
      if (!wasSkipped) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const all = [...counts].toSorted().map(([name, count]) => `${name} ${count}`);
  return [`faults: ${all.join(', ') || 'none'}`];
}

function violations({ workloads }: RunReport): string[] {
  const all = workloads.flatMap(({ name, violations: found }) =>
    found.flatMap(({ what, evidence }) => [
      `violation (${name}): ${what}`,
      ...evidence.map((line) => `    ${line}`),
    ]),
  );
  return all.length === 0 ? ['no violations'] : all;
}

function spread(what: string, values: readonly number[]): string {
  if (values.length === 0) return `${what}: not measured`;
  const at = (share: number): string => seconds(percentile(values, share) ?? 0);
  return `${what}: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} (${values.length} times)`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
