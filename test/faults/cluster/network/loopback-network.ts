/** All hosts on the loopback interface, with proxies between them: needs no rights. */
import { freeAddresses } from '../../../support/addresses.js';
import { LinkProxies } from './link-proxies.js';
import type { LinkCondition, Network, Placement } from './network.js';

export class LoopbackNetwork implements Network {
  readonly kind = 'loopback';

  private constructor(
    readonly addresses: readonly string[],
    private readonly proxies: LinkProxies,
  ) {}

  static async create(hosts: number): Promise<LoopbackNetwork> {
    const addresses = await freeAddresses(hosts);
    return new LoopbackNetwork(addresses, await LinkProxies.start(addresses, () => []));
  }

  placement(host: number): Placement {
    return { prefix: [], env: this.proxies.env(host) };
  }

  shape(conditions: readonly LinkCondition[]): Promise<void> {
    return this.proxies.shape(conditions);
  }

  close(): Promise<void> {
    return this.proxies.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
