/** What a `DqliteApp` is made from, with defaults and their validation. */
import { DqliteError } from '../errors/index.js';
import type { NodeHost, NodeTransport } from '../node-host.js';
import type { Dial, NodeInfo, NodeRole } from '../values.js';
import { LEAVING_WEIGHT } from './roles/index.js';

/** A pass of the main loop, as {@link DqliteAppOptions.onRound} sees it. */
export interface AppRound {
  readonly leader: NodeInfo;
  readonly members: readonly NodeInfo[];
  /** This node leads. */
  readonly isLeader: boolean;
  /** Fires when the app is closed or hands over; the hook is no longer waited for then. */
  readonly signal: AbortSignal;
}

/** Something that an operator may want to see in the log. */
export type AppEvent =
  | { readonly type: 'joined'; readonly leader: string }
  | { readonly type: 'ready'; readonly role: NodeRole }
  | {
      readonly type: 'role-changed';
      readonly id: bigint;
      readonly address: string;
      readonly role: NodeRole;
      readonly reason: string;
    }
  | { readonly type: 'leadership-transferred'; readonly address: string }
  | { readonly type: 'round-failed'; readonly error: unknown }
  | { readonly type: 'hook-failed'; readonly error: unknown }
  | { readonly type: 'removed' };

export interface DqliteAppOptions {
  /** Existing directory for Raft's files and ours. One per node. */
  readonly directory: string;
  /** `ip:port`, under which the other members reach this node for ever. */
  readonly address: string;
  /** Members of the cluster to join. None: a new cluster. Ignored once the node exists. */
  readonly join?: readonly string[];
  /** Runs the native node. Owned by the app from then on. */
  readonly host: NodeHost;
  /** Reaches the other members. This node's own engine is dialled through `host`. */
  readonly dial: Dial;
  /** How Raft reaches the peers. Default plain TCP. */
  readonly transport?: NodeTransport;
  /** Wanted voters: odd, 3 or more. Default 3. Higher: more failures are survived, writes are slower. */
  readonly voters?: number;
  /** Wanted stand-bys: 0 or more. Default 3. They have the log already when a voter has to be replaced. */
  readonly standBys?: number;
  /** Nodes of one domain are expected to fail together. Default 0. */
  readonly failureDomain?: bigint;
  /** Nodes of lower weight are preferred as voters. Default 0; the greatest of 64 bits says that a node is stopping. */
  readonly weight?: bigint;
  /** Milliseconds between two rounds. Default 30,000. Lower: roles follow failures faster, more probes. */
  readonly adjustIntervalMs?: number;
  /** Expected one-way latency, milliseconds. Default 200; the election timeout is 15 times it. */
  readonly networkLatencyMs?: number;
  /** Log entries between two snapshots and kept after one. Default 1024 each. */
  readonly snapshot?: { readonly threshold: number; readonly trailing: number };
  /** Called after each round once the node is ready; the next round waits for it. */
  readonly onRound?: (round: AppRound) => void | Promise<void>;
  /** Called for each event; must not throw. */
  readonly onEvent?: (event: AppEvent) => void;
}

/** The options with their defaults. */
export type ResolvedOptions = Required<Omit<DqliteAppOptions, 'onRound' | 'onEvent' | 'snapshot'>> &
  Pick<DqliteAppOptions, 'onRound' | 'onEvent' | 'snapshot'>;

/** @throws DqliteError `MISUSE` for a value out of range */
export function resolveOptions(options: DqliteAppOptions): ResolvedOptions {
  const resolved = {
    transport: { kind: 'tcp' } as const,
    join: [],
    voters: 3,
    standBys: 3,
    failureDomain: 0n,
    weight: 0n,
    adjustIntervalMs: 30_000,
    networkLatencyMs: 200,
    ...options,
  };
  const { voters, standBys, adjustIntervalMs, failureDomain, weight } = resolved;
  if (!Number.isInteger(voters) || voters < 3 || voters % 2 === 0) {
    throw misuse('voters', 'an odd number, 3 or more');
  }
  if (!Number.isInteger(standBys) || standBys < 0) throw misuse('standBys', 'a number, 0 or more');
  if (!(adjustIntervalMs >= 1)) throw misuse('adjustIntervalMs', 'milliseconds, 1 or more');
  if (!isUnsigned(failureDomain)) throw misuse('failureDomain', 'an unsigned integer of 64 bits');
  if (!isUnsigned(weight) || weight === LEAVING_WEIGHT) {
    throw misuse('weight', `an unsigned integer below ${LEAVING_WEIGHT}`);
  }
  return resolved;
}

function isUnsigned(value: bigint): boolean {
  return BigInt.asUintN(64, value) === value;
}

function misuse(option: string, expected: string): DqliteError {
  return new DqliteError('MISUSE', { what: `Option ${option}`, reason: `it must be ${expected}` });
}
