/** The command line of the long run. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS, ROLLING_UPGRADE } from './nemesis/faults/index.js';
import type { RunOptions } from './run.js';
import { isWorkloadName, WORKLOAD_NAMES } from './workloads/index.js';

const NETWORKS = ['auto', 'namespaces', 'loopback'] as const;
const MAX_SEED = 2 ** 31;
/** Enough for Raft's segments and snapshots, and for the tenth that is kept free to have room for some of them. */
const DISK_MIB = 512;

export const USAGE = `usage: npm run test:faults -- [options]

  --seed N          repeat the run with this seed (default: another one each time)
  --minutes N       minutes of load and faults (default 10)
  --members N       3 or 5 (default 3)
  --workload NAMES  of ${WORKLOAD_NAMES.join(', ')}, with commas (default: all)
  --faults NAMES    of ${FAULTS.map(({ name }) => name).join(', ')} (default: all)
  --kills N         leaders killed at the end to measure unavailability (default 30)
  --network KIND    ${NETWORKS.join(', ')} (default auto)
  --upgrade-to FILE another release of the application, to which the members are upgraded by the
                    fault ${ROLLING_UPGRADE}; test/faults/cluster/next-release.mjs has a newer schema`;

/** The options of a run, or the text to print instead. */
export function parseOptions(args: readonly string[]): Omit<RunOptions, 'say'> | string {
  try {
    return parse(args);
  } catch (error) {
    return `Error: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`;
  }
}

function parse(args: readonly string[]): Omit<RunOptions, 'say'> | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h' },
      seed: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      members: { type: 'string', default: '3' },
      workload: { type: 'string', default: WORKLOAD_NAMES.join() },
      faults: { type: 'string' },
      kills: { type: 'string', default: '30' },
      network: { type: 'string', default: 'auto' },
      'upgrade-to': { type: 'string' },
    },
  });
  if (values.help === true) return USAGE;
  const network = NETWORKS.find((kind) => kind === values.network);
  if (network === undefined) throw new Error(`--network must be one of ${NETWORKS.join(', ')}`);
  const members = number('--members', values.members, 3, 5);
  if (members === 4) throw new Error('--members must be odd: a fourth one adds no tolerance');
  const workloads = values.workload.split(',').filter(isWorkloadName);
  if (workloads.length !== values.workload.split(',').length) {
    throw new Error(`--workload must be of ${WORKLOAD_NAMES.join(', ')}`);
  }
  return {
    seed:
      values.seed === undefined
        ? Math.floor(Math.random() * MAX_SEED)
        : number('--seed', values.seed, 0, MAX_SEED),
    durationMs: number('--minutes', values.minutes, 0, 24 * 60) * 60_000,
    members,
    spares: 2,
    workloads,
    network,
    diskMiB: DISK_MIB,
    leaderKills: number('--kills', values.kills, 0, 1000),
    ...(values.faults !== undefined && { faults: faultNames(values.faults) }),
    ...(values['upgrade-to'] !== undefined && { upgradeTo: resolve(values['upgrade-to']) }),
  };
}

function faultNames(text: string): string[] {
  const names = text.split(',').filter((it) => it !== '');
  const known = new Set([...FAULTS.map(({ name }) => name), ROLLING_UPGRADE]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`--faults: there is no fault '${unknown}'`);
  return names;
}

function number(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text === '' || !(value >= least && value <= most)) {
    throw new Error(`${flag} must be a number from ${least} to ${most}`);
  }
  return value;
}
