/** The network between the members of a cluster: a link for each of them to each other. */
import { Link } from './link.js';
import type { Slowness } from './link-state.js';

/** By member number, counted from 1. */
type Group = readonly number[];

interface Wire {
  readonly from: number;
  readonly to: number;
  readonly link: Link;
}

/** Who holds a link that a partition cuts. */
const PARTITION = 'partition';

export class TestNetwork {
  private constructor(
    private readonly addresses: readonly string[],
    private readonly wires: readonly Wire[],
  ) {}

  /** @param addresses of the members, in their order */
  static async between(addresses: readonly string[]): Promise<TestNetwork> {
    const pairs = addresses.flatMap((_, from) =>
      addresses.flatMap((address, to) => (from === to ? [] : [{ from, to, address }])),
    );
    const wires = await Promise.all(
      pairs.map(async ({ from, to, address }) => ({
        from: from + 1,
        to: to + 1,
        link: await Link.to(address),
      })),
    );
    return new TestNetwork(addresses, wires);
  }

  /** Where a member has to dial the others, by their address. */
  routesOf(member: number): Record<string, string> {
    const own = this.wires.filter(({ from }) => from === member);
    return Object.fromEntries(
      own.map(({ to, link }) => [this.addresses[to - 1] ?? '', link.address]),
    );
  }

  /** Cuts the links between members of different groups; who is in none stays connected with nobody. */
  partition(groups: readonly Group[]): void {
    const groupOf = (member: number) => groups.findIndex((group) => group.includes(member));
    for (const { from, to, link } of this.wires) {
      const isTogether = groupOf(from) !== -1 && groupOf(from) === groupOf(to);
      if (isTogether) link.state.release(PARTITION);
      else link.state.hold(PARTITION);
    }
  }

  /** Ends partition and slowness; a paused member stays paused. */
  heal(): void {
    for (const { link } of this.wires) {
      link.state.slow({ delayMs: 0 });
      link.state.release(PARTITION);
    }
  }

  /** Makes every link from and to a member slow. */
  slow(member: number, slowness: Slowness): void {
    for (const { link } of this.around(member)) link.state.slow(slowness);
  }

  /** Lets nothing from or to a member pass until {@link connect}. */
  disconnect(member: number): void {
    for (const { link } of this.around(member)) link.state.hold(`pause of ${member}`);
  }

  connect(member: number): void {
    for (const { link } of this.around(member)) link.state.release(`pause of ${member}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.wires.map(({ link }) => link.close()));
  }

  private around(member: number): readonly Wire[] {
    return this.wires.filter(({ from, to }) => from === member || to === member);
  }
}
