/** The points of cluster life at which an application may act, and what it is told there (`spec/core-api.md` 18). */
import type { ClusterState } from '../cluster-state/index.js';
import type { TrustedMember } from '../trust/index.js';
import type { DaemonConfig } from '../types/index.js';

/** What every hook receives besides its own arguments. */
export interface HookContext {
  /** Aborts when the operation that runs the hook is given up or waits for it no longer, or the daemon stops. */
  readonly signal: AbortSignal;
  /** This member and its cluster. */
  readonly state: ClusterState;
}

/** Free-form `--config key=value` pairs given to `init`. */
export type InitConfig = Readonly<Record<string, string>>;

/** A member's role before and after a heartbeat round. */
export interface RoleChange {
  readonly old: string;
  readonly new: string;
}

/** The arguments of each hook, by name. */
export interface HookArguments {
  /** On a member that is about to be bootstrapped or joined, before certificates and database. */
  preInit: [
    context: HookContext,
    init: { readonly bootstrap: boolean; readonly config: InitConfig },
  ];
  /** On the first member, with the database open. A failure undoes the bootstrap. */
  postBootstrap: [context: HookContext, config: InitConfig];
  /** On a joiner with the database open, before its peers are told. A failure undoes the join. */
  preJoin: [context: HookContext, config: InitConfig];
  /** On a joiner, last. A failure undoes the join. */
  postJoin: [context: HookContext, config: InitConfig];
  /** On every existing member after another has joined. */
  newMember: [context: HookContext, member: TrustedMember];
  /** At each start of the process, initialised or not; the signal lives until shutdown. A failure ends the process. */
  start: [context: HookContext];
  /**
   * On the leader after each heartbeat round: the roles by member name. The next round waits for it, for two heartbeat
   * intervals at most.
   */
  heartbeat: [context: HookContext, roles: ReadonlyMap<string, RoleChange>];
  /** On a member that is about to be removed. A failure stops the removal unless it is forced. */
  preRemove: [context: HookContext, options: { readonly force: boolean }];
  /**
   * On all remaining members after a removal. The next change of membership waits for it, for `timeouts.request` at
   * most.
   */
  postRemove: [context: HookContext, options: { readonly force: boolean }];
  /** On all other members after one has changed its configuration. */
  daemonConfigUpdate: [context: HookContext, config: DaemonConfig];
}

export type HookName = keyof HookArguments;

/** Hooks as functions; every one is optional and may be asynchronous. */
export type LifecycleHooks = {
  readonly [Name in HookName]?: (...args: HookArguments[Name]) => void | Promise<void>;
};

/** The arguments of a hook after its context. */
export type HookDetails<Name extends HookName> = HookArguments[Name] extends [
  HookContext,
  ...infer Details,
]
  ? Details
  : never;
