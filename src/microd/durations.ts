/** The durations that an operator may set, each by a flag or an environment variable. */

interface Setting {
  /** Without the dashes. */
  readonly flag: string;
  readonly variable: string;
  readonly description: string;
  readonly shortestMs: number;
  readonly longestMs: number;
  /** In the words of an error. */
  readonly range: string;
}

const HOUR_MS = 3_600_000;

export const DURATIONS = [
  {
    flag: 'heartbeat',
    variable: 'MICROCLUSTER_HEARTBEAT',
    description: 'time between heartbeats (default: 10s)',
    shortestMs: 100,
    longestMs: HOUR_MS,
    range: 'between 100ms and 1h',
  },
  {
    flag: 'network-latency',
    variable: 'MICROCLUSTER_NETWORK_LATENCY',
    description: 'expected between members; an election takes 15 times it (default: 200ms)',
    shortestMs: 1,
    longestMs: 60_000,
    range: 'between 1ms and 1m',
  },
  {
    flag: 'ready-timeout',
    variable: 'MICROCLUSTER_READY_TIMEOUT',
    description: 'limit for the database at start, bootstrap and join (default: 2m)',
    shortestMs: 1_000,
    longestMs: HOUR_MS,
    range: 'between 1s and 1h',
  },
  {
    flag: 'request-timeout',
    variable: 'MICROCLUSTER_REQUEST_TIMEOUT',
    description: 'limit for a request to another member (default: 30s)',
    shortestMs: 100,
    longestMs: HOUR_MS,
    range: 'between 100ms and 1h',
  },
  {
    flag: 'probe-timeout',
    variable: 'MICROCLUSTER_PROBE_TIMEOUT',
    description: 'limit for asking a member whether it is alive (default: 2s)',
    shortestMs: 50,
    longestMs: HOUR_MS,
    range: 'between 50ms and 1h',
  },
  {
    flag: 'handover-timeout',
    variable: 'MICROCLUSTER_HANDOVER_TIMEOUT',
    description: 'limit for handing over leadership and vote when stopping (default: 10s)',
    shortestMs: 0,
    longestMs: HOUR_MS,
    range: 'between 0s and 1h',
  },
  {
    flag: 'drain-timeout',
    variable: 'MICROCLUSTER_DRAIN_TIMEOUT',
    description: 'how long requests may finish when stopping (default: 0s)',
    shortestMs: 0,
    longestMs: HOUR_MS,
    range: 'between 0s and 1h',
  },
] as const satisfies readonly Setting[];

/** One of {@link DURATIONS}. */
export type DurationSetting = (typeof DURATIONS)[number];
