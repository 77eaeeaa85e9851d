/** What a test may choose about its cluster. */
import type { TestDaemonArgs } from '../module/index.js';
import type { MemberPlan } from './cluster-member.js';
import type { MemberOverride, ProcessDaemonArgs } from './process/index.js';

/** How a cluster is made, wherever its members run. */
export interface ClusterOptions {
  /** How many members. Default 3, the fewest of which one may be lost. */
  readonly members?: number;
  /**
   * Put a proxy between each two members, without which `partition` and `slow` do not work, nor `pause` of
   * members that share the process of the test. Default `false`: members dial each other directly.
   */
  readonly network?: boolean;
  /** Form the cluster: the first member bootstraps, the others join it. Default `true`. */
  readonly form?: boolean;
  /** What the hooks of bootstrap and join are told. Default: nothing. */
  readonly config?: Readonly<Record<string, string>>;
  /**
   * Time between two rounds of heartbeats and role checks, milliseconds, 100 to 3,600,000. Default 500.
   * Shorter notices sooner and makes a busy machine busier; longer is nearer to production, which has 10,000.
   */
  readonly heartbeatIntervalMs?: number;
  /** How long the formed cluster may take to settle, milliseconds. Default 120,000. */
  readonly limitMs?: number;
}

/** How a cluster is made whose members share the process of the test. */
export interface TestClusterOptions extends ClusterOptions {
  /** Settings of each member, or of this one, that win over those of the application and of the cluster. */
  readonly daemon?: TestDaemonArgs | ((member: MemberPlan) => TestDaemonArgs);
  /** Called with the builder of each application, for overrides of guards and providers. */
  readonly override?: MemberOverride;
}

/** How a cluster is made whose members have processes of their own. */
export interface ProcessClusterOptions extends ClusterOptions {
  /** Settings of each member, or of this one, that win over those of the application and of the cluster. */
  readonly daemon?: ProcessDaemonArgs | ((member: MemberPlan) => ProcessDaemonArgs);
  /** Environment variables of the processes, besides those of the test. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments for Node, such as `['--import', '@swc-node/register/esm-register']`. Default: none. */
  readonly execArgv?: readonly string[];
}

/** How a cluster ends. */
export interface CloseOptions {
  /** Keeps logs and state, and says where. Default: whether something has failed before. */
  readonly failed?: boolean;
}
