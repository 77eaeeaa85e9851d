/** Every metric of a daemon: the one source of its name, its documentation and its exposition. */

/** One metric. */
export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly name: string;
  /** One sentence without a full stop. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, seconds. */
  readonly buckets?: readonly number[];
}

const define =
  (type: MetricDefinition['type']) =>
  (
    name: string,
    help: string,
    labels: readonly string[] = [],
    buckets?: readonly number[],
  ): MetricDefinition => ({ type, name, help, labels, ...(buckets && { buckets }) });

const gauge = define('gauge');
const counter = define('counter');
const histogram = define('histogram');

/** From a statement answered by a leader on the same machine to the default deadline of a call. */
const TRANSACTION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Names are public: renaming or removing one is a breaking change. */
export const METRICS = {
  info: gauge('microcluster_info', 'Always 1; the labels say what runs here', [
    'name',
    'version',
    'engine',
  ]),
  databaseOpen: gauge(
    'microcluster_database_open',
    'Whether the database is open (1) or not (0): not a member yet, starting, waiting for an upgrade, stopping',
  ),
  isLeader: gauge('microcluster_is_leader', 'Whether this member leads the cluster (1) or not (0)'),
  hasLeader: gauge(
    'microcluster_has_leader',
    'Whether this member knows a leader that answers (1) or not (0)',
  ),
  leaderChanges: counter(
    'microcluster_leader_changes_total',
    'Changes of the leader that this member has noticed since its process started',
  ),
  role: gauge('microcluster_role', 'The role of this member: 1 for the one that it has', ['role']),
  members: gauge('microcluster_members', 'Members of the replication by role', ['role']),
  heartbeatAge: gauge(
    'microcluster_heartbeat_age_seconds',
    'Time since this member last got a heartbeat of the leader, or completed a round as the leader; absent before the first',
  ),
  transactionDuration: histogram(
    'microcluster_transaction_duration_seconds',
    'Time that transactions took, waiting for a connection and for other writers included; kind is read or write for single statements, and transaction',
    ['kind', 'outcome'],
    TRANSACTION_BUCKETS,
  ),
  transactionRetries: counter(
    'microcluster_transaction_retries_total',
    'Attempts that were repeated: busy means that another member was writing, leader that the leader changed or its connection was lost',
    ['cause'],
  ),
  unknownOutcomes: counter(
    'microcluster_transaction_unknown_outcomes_total',
    'Writes of which nobody can tell whether they happened, because the connection was lost before the answer came',
  ),
  poolSize: gauge(
    'microcluster_pool_size',
    'Database connections that may be in use at the same time',
  ),
  poolConnections: gauge('microcluster_pool_connections', 'Database connections by state', [
    'state',
  ]),
  poolWaiting: gauge(
    'microcluster_pool_waiting',
    'Callers that wait: for a connection, or as writers for their turn',
    ['queue'],
  ),
  requestDuration: histogram(
    'microcluster_http_request_duration_seconds',
    'Time from a request to the end of its answer; route is the pattern of the route, unmatched without one; status is the class of the status, or aborted when the client went away',
    ['listener', 'method', 'route', 'status'],
    REQUEST_BUCKETS,
  ),
  certificateExpiry: gauge(
    'microcluster_certificate_expiry_timestamp_seconds',
    'When a certificate of this member ends, as a Unix time',
    ['certificate'],
  ),
  databaseSize: gauge(
    'microcluster_database_size_bytes',
    'Size of the database: its pages, as the leader has them',
  ),
  databaseDisk: gauge(
    'microcluster_database_disk_bytes',
    'Size of the files of the database on this member: log, snapshots and the rest',
  ),
} as const satisfies Record<string, MetricDefinition>;

/** The catalogue as rows of a Markdown table, as the reference shows it. */
export function metricsTable(): string {
  const rows = Object.values<MetricDefinition>(METRICS).map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help}. |`,
  );
  return ['| Name | Type | Labels | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
