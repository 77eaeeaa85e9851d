/** Which additional listeners run, and what has to change so that they do: pure (`spec/core-api.md` 22.3). */
import { Address, type ServerConfigs } from '../types/index.js';
import type { DeclaredServer } from './declared-servers.js';

/** Addresses of listeners by server name. */
export type ListenerAddresses = ReadonlyMap<string, string>;

/** What the plan depends on. */
export interface PlanInput {
  readonly servers: readonly DeclaredServer[];
  /**
   * Addresses of `daemon.yaml`, which override the declared ones: an empty address closes the listener, a
   * missing entry leaves the declared one.
   */
  readonly configured: ServerConfigs;
  /** Whether this daemon is a member of a cluster. */
  readonly initialised: boolean;
  /** Address of the Core API. */
  readonly coreAddress: string;
}

/** The listeners that should be open. */
export function planListeners(input: PlanInput): Map<string, string> {
  const plan = new Map<string, string>();
  for (const server of input.servers) {
    const address = addressOf(server, input.configured);
    const runsNow = input.initialised || server.preInit;
    if (!server.coreApi && runsNow && address !== '' && address !== input.coreAddress) {
      plan.set(server.name, address);
    }
  }
  return plan;
}

/** The map that `daemon.yaml` keeps for a requested one: servers that it does not mention stay closed. */
export function storedConfigs(
  servers: readonly DeclaredServer[],
  requested: ServerConfigs,
): ServerConfigs {
  const closed = servers.filter(
    (server) => !server.coreApi && server.address !== undefined && !(server.name in requested),
  );
  return {
    ...requested,
    ...Object.fromEntries(closed.map(({ name }) => [name, { address: '' }])),
  };
}

/** The map as clients see it: without the servers that are noted as closed. */
export function visibleConfigs(stored: ServerConfigs): ServerConfigs {
  return Object.fromEntries(Object.entries(stored).filter(([, { address }]) => address !== ''));
}

/** What leads from the open listeners to the wanted ones; those in neither list are left alone. */
export interface ListenerChanges {
  /** To be closed for good. */
  readonly removed: ListenerAddresses;
  /** To be closed here and opened elsewhere. */
  readonly moved: ListenerAddresses;
  /** To be opened; contains the new addresses of the moved ones. */
  readonly opened: ListenerAddresses;
}

/** Compares the open listeners with the wanted ones. */
export function changesBetween(
  open: ListenerAddresses,
  wanted: ListenerAddresses,
): ListenerChanges {
  const leaving = [...open].filter(([name, address]) => wanted.get(name) !== address);
  return {
    removed: new Map(leaving.filter(([name]) => !wanted.has(name))),
    moved: new Map(leaving.filter(([name]) => wanted.has(name))),
    opened: new Map([...wanted].filter(([name, address]) => open.get(name) !== address)),
  };
}

/** The new addresses whose port no leaving listener holds: whether they are free can be tried beforehand. */
export function independentAddresses({ removed, moved, opened }: ListenerChanges): string[] {
  const held = new Set([...removed.values(), ...moved.values()].map(portOf));
  return [...opened.values()].filter((address) => !held.has(portOf(address)));
}

function portOf(address: string): number {
  return Address.parse(address).port;
}

function addressOf(server: DeclaredServer, configured: ServerConfigs): string {
  return configured[server.name]?.address ?? server.address ?? '';
}
