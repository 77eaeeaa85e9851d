/** What a test may choose about its cluster. */
import type { MemberSettings } from './member-modules.js';

/** How a cluster is made. */
export interface TestClusterOptions extends MemberSettings {
  /** How many members. Default 3, the fewest of which one may be lost. */
  readonly members?: number;
  /**
   * Put a proxy between each two members, without which `pause`, `partition` and `slow` do not work.
   * Default `false`: members dial each other directly.
   */
  readonly network?: boolean;
  /** Form the cluster: the first member bootstraps, the others join it. Default `true`. */
  readonly form?: boolean;
  /** What the hooks of bootstrap and join are told. Default: nothing. */
  readonly config?: Readonly<Record<string, string>>;
  /** How long the formed cluster may take to settle, milliseconds. Default 60,000. */
  readonly limitMs?: number;
}

/** How a cluster ends. */
export interface CloseOptions {
  /** Keeps logs and state, and says where. Default: whether something has failed before. */
  readonly failed?: boolean;
}
