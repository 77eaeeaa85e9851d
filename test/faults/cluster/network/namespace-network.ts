/**
 * Each host in a network namespace of its own, joined by a bridge in a namespace that holds nothing else: the machine's own
 * network is not touched. Packets are dropped by nftables in the receiver's namespace; a proxy in the sender's delays.
 */
import { randomBytes } from 'node:crypto';
import { run } from '../command.js';
import { LinkProxies } from './link-proxies.js';
import type { LinkCondition, Network, Placement } from './network.js';

const PORT = 8443;
/** Reserved for tests of network devices (RFC 2544), and unreachable from outside of the namespaces anyway. */
const ipOf = (host: number): string => `198.18.0.${host + 1}`;

export class NamespaceNetwork implements Network {
  readonly kind = 'namespaces';
  readonly addresses: readonly string[];
  private proxies: LinkProxies | undefined;

  private constructor(
    private readonly hub: string,
    private readonly namespaces: readonly string[],
  ) {
    this.addresses = namespaces.map((_, host) => `${ipOf(host)}:${PORT}`);
  }

  /** @throws Error when this process may not, or a program is missing; nothing is left behind then */
  static async create(hosts: number): Promise<NamespaceNetwork> {
    const name = `faults-${process.pid}-${randomBytes(3).toString('hex')}`;
    const network = new NamespaceNetwork(
      `${name}-hub`,
      Array.from({ length: hosts }, (_, host) => `${name}-${host}`),
    );
    try {
      await network.build();
      network.proxies = await LinkProxies.start(
        network.addresses,
        (host) => network.placement(host).prefix,
      );
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  placement(host: number): Placement {
    return {
      prefix: ['ip', 'netns', 'exec', this.namespaces[host] ?? ''],
      env: this.proxies?.env(host) ?? {},
    };
  }

  async shape(conditions: readonly LinkCondition[]): Promise<void> {
    await Promise.all([
      ...this.namespaces.map((namespace, host) =>
        run(['ip', 'netns', 'exec', namespace, 'nft', '-f', '-'], ruleset(host, conditions)),
      ),
      this.proxies?.shape(
        conditions.map(({ from, to, delayMs, bytesPerSecond }) => ({
          from,
          to,
          ...(delayMs !== undefined && { delayMs }),
          ...(bytesPerSecond !== undefined && { bytesPerSecond }),
        })),
      ),
    ]);
  }

  async close(): Promise<void> {
    await this.proxies?.close();
    const existing = await run(['ip', 'netns', 'list']);
    const ours = existing
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '')
      .filter((name) => name === this.hub || this.namespaces.includes(name));
    await Promise.all(ours.map((name) => run(['ip', 'netns', 'delete', name])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async build(): Promise<void> {
    await run(['ip', 'netns', 'add', this.hub]);
    await run(['ip', '-n', this.hub, 'link', 'add', 'bridge', 'type', 'bridge']);
    await run(['ip', '-n', this.hub, 'link', 'set', 'bridge', 'up']);
    for (const [host, namespace] of this.namespaces.entries()) {
      const port = `port${host}`;
      await run(['ip', 'netns', 'add', namespace]);
      const pair = ['type', 'veth', 'peer', 'name', port, 'netns', this.hub];
      await run(['ip', '-n', namespace, 'link', 'add', 'eth0', ...pair]);
      await run(['ip', '-n', this.hub, 'link', 'set', port, 'master', 'bridge', 'up']);
      await run(['ip', '-n', namespace, 'addr', 'add', `${ipOf(host)}/24`, 'dev', 'eth0']);
      await run(['ip', '-n', namespace, 'link', 'set', 'eth0', 'up']);
      await run(['ip', '-n', namespace, 'link', 'set', 'lo', 'up']);
    }
    await this.shape([]);
  }
}

/** Replaces the host's rules in one transaction. */
function ruleset(host: number, conditions: readonly LinkCondition[]): string {
  const rules = conditions
    .filter(({ to }) => to === host)
    .flatMap(({ from, isCut, lossPercent }) => [
      ...(isCut === true ? [`ip saddr ${ipOf(from)} drop`] : []),
      ...(lossPercent === undefined
        ? []
        : [`ip saddr ${ipOf(from)} numgen random mod 100 < ${lossPercent} drop`]),
    ]);
  return `table inet faults
delete table inet faults
table inet faults {
  chain arriving {
    type filter hook input priority 0; policy accept;
    ${rules.join('\n    ')}
  }
}
`;
}
