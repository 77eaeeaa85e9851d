/** The best network that this machine allows. */
import { LoopbackNetwork } from './loopback-network.js';
import { NamespaceNetwork } from './namespace-network.js';
import type { Network } from './network.js';

export type { Link, LinkCondition, Network, Placement } from './network.js';

export type NetworkChoice = Network['kind'] | 'auto';

/**
 * @param choice `auto` takes namespaces where they can be made, and otherwise loopback
 * @param say told why namespaces were not taken
 */
export async function createNetwork(
  choice: NetworkChoice,
  hosts: number,
  say: (text: string) => void,
): Promise<Network> {
  if (choice === 'loopback') return LoopbackNetwork.create(hosts);
  try {
    return await NamespaceNetwork.create(hosts);
  } catch (error) {
    if (choice === 'namespaces') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    say(`no network namespaces (${reason}); using proxies on the loopback interface`);
    return LoopbackNetwork.create(hosts);
  }
}
