/** Clocks and disks of the machines. */
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { reportersOf, type Reporter } from './views.js';

/** Clocks may differ by this much, milliseconds; heartbeats, tokens and certificates compare them. */
const SKEW_WARNING_MS = 2_000;
const SKEW_CRITICAL_MS = 60_000;

const MIB = 2 ** 20;
/** The database writes a snapshot and its log before it frees old ones. */
const FREE_WARNING = { fraction: 0.1, bytes: 1024 * MIB };
const FREE_CRITICAL = { fraction: 0.02, bytes: 128 * MIB };

export function checkMachines(facts: Facts): Finding[] {
  return reportersOf(facts).flatMap((reporter) => [...clock(reporter), ...disk(reporter)]);
}

function clock({ name, skewMs, uncertaintyMs }: Reporter): Finding[] {
  const certain = Math.abs(skewMs) - uncertaintyMs;
  if (certain < SKEW_WARNING_MS) return [];
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
  return [
    {
      severity: certain < SKEW_CRITICAL_MS ? 'warning' : 'critical',
      check: 'clocks',
      member: name,
      problem: `The clock of ${name} is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine's`,
      repair: `On both machines, run: timedatectl set-ntp true`,
    },
  ];
}

function disk({ name, report }: Reporter): Finding[] {
  const { disk_free: free, disk_total: total } = report;
  if (total === 0) return [];
  const below = (limit: { fraction: number; bytes: number }) =>
    free < Math.min(limit.fraction * total, limit.bytes);
  if (!below(FREE_WARNING)) return [];
  return [
    {
      severity: below(FREE_CRITICAL) ? 'critical' : 'warning',
      check: 'disk',
      member: name,
      problem: `The disk of ${name} has ${Math.floor(free / MIB)} MiB left of ${Math.floor(total / MIB)} MiB; a full disk stops its database`,
      repair: `On ${name}, free space on the file system of the state directory`,
    },
  ];
}
