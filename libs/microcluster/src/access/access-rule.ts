/** Who may call a route, where and when. */

/** The access rule of one route. */
export interface AccessRule {
  /** Listeners that serve the route; on all others it does not exist. */
  readonly listeners: readonly string[];
  /** Answer also while the database is closed. */
  readonly allowedBeforeInit: boolean;
  /** Answer also while the database waits for an upgrade, but not while it is closed otherwise. */
  readonly allowedWhileWaiting?: boolean;
  /** Answer also while the daemon is stopping. */
  readonly allowedDuringShutdown: boolean;
  /** Answer also callers that are not members of the cluster. */
  readonly allowUntrusted: boolean;
  /** Pass a request with `?target=` on to that member (`spec/core-api.md` 7.4). */
  readonly proxyTarget: boolean;
}

/** The strictest rule: served nowhere. */
export const CLOSED_RULE: AccessRule = {
  listeners: [],
  allowedBeforeInit: false,
  allowedDuringShutdown: false,
  allowUntrusted: false,
  proxyTarget: false,
};
