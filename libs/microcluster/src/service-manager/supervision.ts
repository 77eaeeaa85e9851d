/** Keeps a service manager informed of a daemon, from its start to its end. */
import type { Health } from '../health/index.js';
import type { Daemon } from '../lifecycle/daemon.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { DeclaredServer } from '../servers/index.js';
import { decideNotification } from './decide-notification.js';
import type { ServiceManager } from './service-manager.js';

/** What a start or a stop may take beyond its own limits, milliseconds. */
const MARGIN_MS = 30_000;

/** What is told about. */
export interface Supervised {
  readonly daemon: Pick<Daemon, 'onTransition'>;
  readonly identity: Pick<MemberIdentity, 'name' | 'address'>;
  readonly health: Pick<Health, 'live'>;
  readonly args: Pick<ParsedDaemonArgs, 'timeouts' | 'drainConnectionsTimeout'>;
  readonly servers: { readonly additional: readonly Pick<DeclaredServer, 'drainTimeoutMs'>[] };
}

/** Tells `manager` of every state, and gives signs of life for as long as the daemon is live. */
export function superviseDaemon(manager: ServiceManager, supervised: Supervised): void {
  const { daemon, identity, health, args } = supervised;
  manager.watch(() => health.live().status === 'ok');
  daemon.onTransition((state) => {
    manager.notify(
      decideNotification({
        state,
        name: identity.name,
        address: identity.address,
        startLimitMs: args.timeouts.ready + MARGIN_MS,
        stopLimitMs: stopLimit(supervised),
      }),
    );
  });
}

/**
 * How long a stop may take, milliseconds: the hand-over; all listeners, which drain at the same time, each within its
 * own limit; then what is left on the control socket, which closes after the database.
 */
function stopLimit({ args, servers }: Pick<Supervised, 'args' | 'servers'>): number {
  const { timeouts, drainConnectionsTimeout } = args;
  const ofServers = servers.additional.map(({ drainTimeoutMs }) => drainTimeoutMs);
  const longestDrain = Math.max(drainConnectionsTimeout, ...ofServers);
  return timeouts.handover + longestDrain + drainConnectionsTimeout + MARGIN_MS;
}
