/** What goes wrong between members on purpose: pauses, partitions, slowness. */
import type { Slowness, TestNetwork } from '../network/index.js';
import type { ClusterMember } from './cluster-member.js';

/** All but the pauses of members in processes of their own need a network between the members. */
export class ClusterFaults {
  constructor(
    private readonly members: readonly ClusterMember[],
    private readonly network: TestNetwork | undefined,
  ) {}

  /** @throws Error when the member does not run, or when it would go on without a network that cuts it off */
  pause(member: ClusterMember): void {
    const network = member.standsStillAlone ? undefined : this.required('pause');
    member.pause();
    network?.disconnect(member.number);
  }

  resume(member: ClusterMember): void {
    member.resume();
    this.network?.connect(member.number);
  }

  /** @throws RangeError for a number that no member has, or one in two groups */
  partition(groups: readonly (readonly number[])[]): void {
    const network = this.required('partition');
    const numbers = groups.flat();
    const strange = numbers.find((number) => !this.members.some((m) => m.number === number));
    if (strange !== undefined) throw new RangeError(`There is no member ${strange} to separate`);
    if (new Set(numbers).size < numbers.length) {
      throw new RangeError('A member can be in one group of a partition only');
    }
    network.partition(groups);
  }

  heal(): void {
    this.required('heal').heal();
  }

  /** @throws RangeError for a negative delay */
  slow(member: ClusterMember, slowness: Slowness): void {
    const { delayMs, jitterMs = 0 } = slowness;
    if (!(delayMs >= 0 && jitterMs >= 0)) {
      throw new RangeError('A delay is a number of milliseconds from 0');
    }
    this.required('slow').slow(member.number, slowness);
  }

  async close(): Promise<void> {
    await this.network?.close();
  }

  private required(what: string): TestNetwork {
    if (this.network === undefined) {
      throw new Error(
        `${what}() needs a network between the members; make the cluster with { network: true }`,
      );
    }
    return this.network;
  }
}
